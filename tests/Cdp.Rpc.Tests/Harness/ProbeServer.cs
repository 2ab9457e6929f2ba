using System.Collections.Concurrent;
using Cdp.Client;
using Cdp.Rpc.Tests.Protos;
using Microsoft.Extensions.Logging;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>A running server with the probe service, and a channel to it.</summary>
public sealed class ProbeServer : IAsyncLifetime
{
    private RpcServer? _server;
    private RpcChannel? _channel;

    internal ProbeService Probe { get; } = new();

    internal RecordingLogger Log { get; } = new();

    public RpcServer Server => _server ?? throw new InvalidOperationException("Not started.");

    public RpcChannel Channel => _channel ?? throw new InvalidOperationException("Not started.");

    public Uri Address => new($"http://127.0.0.1:{Server.Port}");

    public Uri HttpAddress => Server.HttpUrl!;

    public CallGate? Gate { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public RpcConnectionLimits Connections { get; init; } = new();

    public int MaxCallsPerConnection { get; init; } = 1000;

    public bool Reflection { get; init; } = true;

    public IOriginPolicy? Origins { get; init; }

    public IReadOnlyList<string> Meters { get; init; } = [];

    public int? CompressFromBytes { get; init; } = 1024;

    public async ValueTask InitializeAsync()
    {
        var options = new RpcServerOptions { ErrorDomain = "probe", HttpPort = 0, Gate = Gate, Reflection = Reflection, Connections = Connections, MaxCallsPerConnection = MaxCallsPerConnection, Origins = Origins, Time = Time, CompressFromBytes = CompressFromBytes, Meters = Meters, LoggerFactory = Log };
        _server = await RpcServer.StartAsync(options, [Probe.Bind()]);
        _channel = new RpcChannel(Address, new RpcChannelOptions { MaxRequestBytes = 64 << 20, MaxReplyBytes = 64 << 20 });
    }

    public static async Task<ProbeServer> StartAsync(CallGate? gate = null, TimeProvider? time = null)
    {
        var server = new ProbeServer { Gate = gate, Time = time ?? TimeProvider.System };
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordingLogger : ILoggerFactory, ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text, Exception? Exception)> Entries { get; } = new();

    public IEnumerable<Exception> Errors => Entries.Where(entry => entry is { Level: >= LogLevel.Error, Exception: not null }).Select(entry => entry.Exception!);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Entries.Enqueue((logLevel, formatter(state, exception), exception));
        }
    }
}

/// <summary>The probe's methods as its client sees them.</summary>
internal static class ProbeMethods
{
    public static ClientMethod<Payload, Payload> Echo { get; } = Of<Payload, Payload>("Echo");

    public static ClientMethod<Payload, Size> Measure { get; } = Of<Payload, Size>("Measure");

    public static ClientMethod<Payload, Payload> Small { get; } = Of<Payload, Payload>("Small");

    public static ClientMethod<FailRequest, Payload> Fail { get; } = Of<FailRequest, Payload>("Fail");

    public static ClientMethod<CountRequest, Payload> Count { get; } = Of<CountRequest, Payload>("Count");

    public static ClientMethod<Payload, Totals> Sum { get; } = Of<Payload, Totals>("Sum");

    public static ClientMethod<Payload, Payload> Talk { get; } = Of<Payload, Payload>("Talk");

    public static ClientMethod<Payload, Size> MeasureEach { get; } = Of<Payload, Size>("MeasureEach");

    public static ClientMethod<Key, Payload> Hang { get; } = Of<Key, Payload>("Hang");

    public static ClientMethod<Key, Payload> Flood { get; } = Of<Key, Payload>("Flood");

    public static ClientMethod<Key, Payload> Stubborn { get; } = Of<Key, Payload>("Stubborn");

    private static ClientMethod<TRequest, TReply> Of<TRequest, TReply>(string name)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TReply : class, Google.Protobuf.IMessage<TReply> => new(ProbeReflection.Descriptor.Services[0], name);
}
