using Cdp.Gateway.Operations;
using Cdp.Rpc;

namespace Cdp.Silo.Hosting;

/// <summary>What a silo knows of itself; its data are elsewhere.</summary>
internal sealed class SiloFacts(SiloOptions options) : IServerFacts
{
    /// <summary>The server, once it listens.</summary>
    public RpcServer? Server { get; set; }

    /// <inheritdoc/>
    public IReadOnlyList<Listener> Listeners => ListenerFacts.Of(Server);

    /// <inheritdoc/>
    public DateTimeOffset? CertificateEnds() => ListenerFacts.CertificateEnds(options.TlsCertificate);

    /// <inheritdoc/>
    public IReadOnlyList<Volume> Volumes() => [];

    /// <inheritdoc/>
    public JournalFacts? Journal() => null;
}
