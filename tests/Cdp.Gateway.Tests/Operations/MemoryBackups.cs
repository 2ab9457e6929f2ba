using Cdp.Domain.Events;
using Cdp.Gateway.Operations;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Operations;

/// <summary>Backups of nothing, which are refused or fail as a test says.</summary>
internal sealed class MemoryBackups : IBackups
{
    private readonly List<Backup> _made = [];

    public BackupRefusal? Refusal { get; set; }

    public Exception? Failure { get; set; }

    public ValueTask<BackupOutcome> CreateAsync(string name, CancellationToken cancellationToken)
    {
        if (Failure is not null) throw Failure;
        if (Refusal is { } refusal) return new(new BackupOutcome(null, refusal));
        _made.Add(new Backup { Name = name.Length > 0 ? name : $"made-{_made.Count}", CreatedAt = new Timestamp { UnixMicros = UnixTime.Micros(TimeProvider.System.GetUtcNow()) } });
        return new(new BackupOutcome(_made[^1], null));
    }

    public ValueTask<IReadOnlyList<Backup>?> ListAsync(CancellationToken cancellationToken) => new(Refusal == BackupRefusal.Off ? null : [.. _made]);
}
