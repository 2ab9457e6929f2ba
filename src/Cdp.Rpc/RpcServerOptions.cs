using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cdp.Rpc;

/// <summary>How a server listens and what it allows.</summary>
public sealed record RpcServerOptions
{
    /// <summary>The domain of <c>google.rpc.ErrorInfo</c>: names who the reasons belong to.</summary>
    public required string ErrorDomain { get; init; }

    /// <summary>Address to listen on. Default: this machine only.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port to listen on; 0 lets the system choose (see <see cref="RpcServer.Port"/>).</summary>
    public int Port { get; init; }

    /// <summary>
    /// Port on which the same services are called over HTTP/1.1 by the protocol of Connect, which also has <c>/healthz</c>,
    /// <c>/readyz</c> and <c>/metrics</c>; 0 lets the system choose, null listens on none.
    /// </summary>
    public int? HttpPort { get; init; }

    /// <summary>The certificate of TLS, on both ports; null: clear text.</summary>
    public CertificateFiles? Certificate { get; init; }

    /// <summary>Largest request message of a method without a limit of its own, in bytes. Default 4 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Size from which replies are compressed for clients that take gzip, in bytes; null: none is. Default 1 KiB: what is smaller
    /// leaves in one packet of the network either way.
    /// </summary>
    public int? CompressFromBytes { get; init; } = 1024;

    /// <summary>Calls that one connection may have open at a time; further ones wait in the client. Default 1,000.</summary>
    public int MaxCallsPerConnection { get; init; } = 1000;

    /// <summary>
    /// Meters of this process that <c>/metrics</c> on the port of HTTP/1.1 shows in Prometheus' format, e.g. "System.Runtime"; a
    /// <c>*</c> stands for any text. None: there is no such page. It is shown without a key, so no tag may name anybody.
    /// </summary>
    public IReadOnlyList<string> Meters { get; init; } = [];

    /// <summary>What connections may hold of the server.</summary>
    public RpcConnectionLimits Connections { get; init; } = new();

    /// <summary>Which web pages from elsewhere may call over HTTP/1.1. Null: none.</summary>
    public IOriginPolicy? Origins { get; init; }

    /// <summary>
    /// Whether clients may ask by gRPC's reflection what the services are, without passing the <see cref="Gate"/>. It tells what their
    /// .proto files do. Default: yes.
    /// </summary>
    public bool Reflection { get; init; } = true;

    /// <summary>Runs before every handler, except those of a service bound without it. Null: every call passes.</summary>
    public CallGate? Gate { get; init; }

    /// <summary>
    /// Says what the client is told of an exception that is no <see cref="RpcException"/>: a lost resource, for example.
    /// Null: the exception is a bug, logged and answered INTERNAL.
    /// </summary>
    public Func<Exception, RpcError?>? Translate { get; init; }

    /// <summary>The clock of deadlines and durations.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where failures of handlers and of the transport are written.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
