using System.Reflection;

namespace Cdp.Gateway.Operations;

/// <summary>A place where the server answers.</summary>
/// <param name="Protocol">"gRPC" or "HTTP/1.1".</param>
/// <param name="Address">Its address and port.</param>
/// <param name="IsLocal">Whether only this machine reaches it.</param>
/// <param name="IsEncrypted">Whether it speaks TLS.</param>
public sealed record Listener(string Protocol, string Address, bool IsLocal, bool IsEncrypted);

/// <summary>Room for files.</summary>
/// <param name="What">What stands there, e.g. "data".</param>
/// <param name="Path">Where.</param>
/// <param name="Free">Bytes that are free.</param>
/// <param name="Size">Bytes in all.</param>
public sealed record Volume(string What, string Path, long Free, long Size);

/// <summary>What a start would have to read before it serves.</summary>
/// <param name="Bytes">Bytes of the journal.</param>
/// <param name="Since">Since when its oldest part waits to be merged.</param>
public sealed record JournalFacts(long Bytes, DateTimeOffset Since);

/// <summary>What a process knows of itself.</summary>
public interface IServerFacts
{
    /// <summary>Version of the product: that of the program.</summary>
    string Version => GetType().Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? string.Empty;

    /// <summary>Where it answers.</summary>
    IReadOnlyList<Listener> Listeners { get; }

    /// <summary>When the certificate of TLS ends; null: there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    DateTimeOffset? CertificateEnds();

    /// <summary>Room for its files; empty: it has none of its own.</summary>
    /// <exception cref="IOException">They cannot be asked.</exception>
    IReadOnlyList<Volume> Volumes();

    /// <summary>The store's journal; null: it has none of its own.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    JournalFacts? Journal();
}
