using Cdp.V1;

namespace Cdp.Gateway.Operations;

/// <summary>Why a backup was not made.</summary>
public enum BackupRefusal
{
    /// <summary>No directory is configured.</summary>
    Off,

    /// <summary>Another one is being made.</summary>
    Running,

    /// <summary>There is one of this name.</summary>
    NameTaken,
}

/// <summary>What became of the wish for a backup.</summary>
/// <param name="Backup">It, where it was made.</param>
/// <param name="Refusal">Else why not.</param>
public readonly record struct BackupOutcome(Backup? Backup, BackupRefusal? Refusal);

/// <summary>Makes backups of the store that the server stands on.</summary>
public interface IBackups
{
    /// <summary>Makes one; it is on disk when it returns.</summary>
    /// <param name="name">A name of letters, digits, '-' and '_'; empty: the time.</param>
    /// <param name="cancellationToken">Gives up; nothing is left.</param>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    ValueTask<BackupOutcome> CreateAsync(string name, CancellationToken cancellationToken);

    /// <summary>Those that are there, oldest first; null: no directory is configured.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    ValueTask<IReadOnlyList<Backup>?> ListAsync(CancellationToken cancellationToken);
}
