using System.Collections.Immutable;
using Google.Rpc;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Cdp.Rpc;

/// <summary>
/// The standard health service of gRPC (<c>grpc.health.v1</c>). Statuses belong to full names of services; the empty
/// name stands for the whole server. Calls of it pass without the server's gate.
/// </summary>
/// <remarks>See https://github.com/grpc/grpc/blob/master/doc/health-checking.md.</remarks>
public sealed class HealthService
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<string, ServingStatus> _statuses;
    private TaskCompletionSource _changed = NewSignal();
    private bool _stopped;

    /// <summary>Makes a health service that knows the given services and the whole server.</summary>
    /// <param name="services">Full names.</param>
    /// <param name="status">The status they all begin with.</param>
    public HealthService(IEnumerable<string> services, ServingStatus status = ServingStatus.Serving)
    {
        _statuses = services.Append("").ToImmutableDictionary(name => name, _ => status, StringComparer.Ordinal);
    }

    /// <summary>Whether the server as a whole is SERVING.</summary>
    public bool IsServing
    {
        get
        {
            lock (_lock)
            {
                return _statuses[""] == ServingStatus.Serving;
            }
        }
    }

    /// <summary>Sets the status of a service. Without effect once the server stops.</summary>
    /// <param name="service">Full name; "" for the whole server.</param>
    /// <param name="status">The new status; a service never named before becomes known.</param>
    public void Set(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        if (status is not (ServingStatus.Unknown or ServingStatus.Serving or ServingStatus.NotServing))
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "Only answers to Watch use this status.");
        }

        Change(statuses => statuses.SetItem(service, status), stop: false);
    }

    /// <summary>Sets all to NOT_SERVING for good.</summary>
    internal void Stop() => Change(
        statuses => statuses.ToImmutableDictionary(pair => pair.Key, _ => ServingStatus.NotServing, StringComparer.Ordinal), stop: true);

    internal RpcService Bind() => RpcService.For(HealthReflection.Descriptor.Services[0])
        .WithoutGate()
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", CheckAsync)
        .ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ValueTask<HealthCheckResponse> CheckAsync(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            return _statuses.TryGetValue(request.Service, out var status)
                ? new(new HealthCheckResponse { Status = status })
                : throw new RpcError(Code.NotFound, $"This server knows no service '{request.Service}'.") { Reason = "SERVICE_UNKNOWN" }.ToException();
        }
    }

    private async Task WatchAsync(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> replies, ServerCallContext context)
    {
        ServingStatus? told = null;
        while (true)
        {
            ServingStatus status;
            Task changed;
            bool stopped;
            lock (_lock)
            {
                status = _statuses.GetValueOrDefault(request.Service, ServingStatus.ServiceUnknown);
                changed = _changed.Task;
                stopped = _stopped;
            }

            if (status != told)
            {
                told = status;
                await replies.WriteAsync(new HealthCheckResponse { Status = status });
            }

            if (stopped)
            {
                // Ends the stream so that it does not hold up the stop; a watcher asks again elsewhere.
                throw new RpcException(Code.Unavailable, "The server is stopping.");
            }

            await changed.WaitAsync(context.CancellationToken);
        }
    }

    private void Change(Func<ImmutableDictionary<string, ServingStatus>, ImmutableDictionary<string, ServingStatus>> change, bool stop)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            _statuses = change(_statuses);
            _stopped = stop;
            signal = _changed;
            _changed = NewSignal();
        }

        signal.SetResult();
    }
}
