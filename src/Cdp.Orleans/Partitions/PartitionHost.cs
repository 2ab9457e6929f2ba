using System.Globalization;
using Cdp.Grains;
using Cdp.Grains.Hosting;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.Orleans.Hosting;
using Cdp.Orleans.Streams;
using Cdp.State.V1;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Streams.Core;
using DeactivationReason = Orleans.DeactivationReason;
using IGrainContext = Orleans.Runtime.IGrainContext;

namespace Cdp.Orleans.Partitions;

/// <summary>As Orleans knows partitions.</summary>
public interface IPartitionGrain : IPartition, IGrainWithStringKey
{
    /// <summary>There may be more in the log.</summary>
    /// <returns>The position before which all is applied.</returns>
    ValueTask<long> Notice();
}

/// <summary>Hosts partitions. Where one is active, its part of the log is read, or pushed by a stream to it; it moves when its silo becomes another.</summary>
/// <param name="context">The activation.</param>
/// <param name="services">The silo's services.</param>
[ImplicitStreamSubscription(LogStreams.Namespace)]
[PartitionPlacement]
public sealed class PartitionHost(IGrainContext context, IServiceProvider services)
    : GrainHost<IPartition>(context, services), IPartitionGrain, IStreamSubscriptionObserver, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ClusterLog _log = services.GetRequiredService<ClusterLog>();
    private readonly PartitionHomes _homes = services.GetRequiredService<PartitionHomes>();
    private StreamFeed? _pushed;
    private Task _pump = Task.CompletedTask;

    private int Number => int.Parse(GrainContext.GrainId.Key.ToString()!, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken token)
    {
        await base.OnActivateAsync(token);
        var hosting = Services.GetRequiredService<GrainHosting>();
        var grains = new ClusterGrains(hosting, Services.GetRequiredService<IGrainFactory>(), caller: null);
        if (Services.GetRequiredService<CdpClusterOptions>().LogPushes)
            _pushed = new StreamFeed(Services.GetRequiredService<GrainStores>().Log, hosting.Time, (during, error) => hosting.Report("partition", during, error));
        var pump = new PartitionPump(Number, _pushed is null ? _log : _pushed, grains, hosting.Time, (during, error) => hosting.Report("partition", during, error));

        // Beside the grain, which it calls, and not as a part of the call that made the grain active.
        using (ExecutionContext.SuppressFlow()) _pump = Task.Run(() => pump.RunAsync(_stop.Token), CancellationToken.None);
        _log.ReadersChanged(Number, 1);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token)
    {
        await StopPumpAsync();
        _log.ReadersChanged(Number, -1);
        await base.OnDeactivateAsync(reason, token);
    }

    /// <inheritdoc/>
    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory)
    {
        ArgumentNullException.ThrowIfNull(handleFactory);
        return _pushed is null ? Task.CompletedTask : handleFactory.Create<LogEntry>().ResumeAsync(_pushed);
    }

    /// <inheritdoc/>
    public async ValueTask<long> Notice()
    {
        if (_homes.IsElsewhere(Number)) await MoveAsync();
        else _log.Ring(Number);
        await LoadedAsync(CancellationToken.None);
        var applied = (await Plain.GetStatus(new GetPartitionStatusRequest(), CancellationToken.None)).Applied;
        _log.Applied(Number, applied);
        return applied;
    }

    /// <inheritdoc/>
    public ValueTask<OpenReply> Open(OpenRequest request, CancellationToken cancellationToken) => Plain.Open(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DeliverReply> Deliver(DeliverRequest request, CancellationToken cancellationToken) => Plain.Deliver(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<WaitAppliedReply> WaitApplied(WaitAppliedRequest request, CancellationToken cancellationToken) => UntilMovedAsync(Plain.WaitApplied, request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GetPartitionStatusReply> GetStatus(GetPartitionStatusRequest request, CancellationToken cancellationToken) => Plain.GetStatus(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FindEventReply> FindEvent(FindEventRequest request, CancellationToken cancellationToken) => Plain.FindEvent(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadDeadLettersReply> ReadDeadLetters(ReadDeadLettersRequest request, CancellationToken cancellationToken) => Plain.ReadDeadLetters(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GetDeadLettersReply> GetDeadLetters(GetDeadLettersRequest request, CancellationToken cancellationToken) => Plain.GetDeadLetters(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SettleDeadLettersReply> SettleDeadLetters(SettleDeadLettersRequest request, CancellationToken cancellationToken) => Plain.SettleDeadLetters(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadSchemaBreachesReply> ReadSchemaBreaches(ReadSchemaBreachesRequest request, CancellationToken cancellationToken) => Plain.ReadSchemaBreaches(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TailReply> Tail(TailRequest request, CancellationToken cancellationToken) => UntilMovedAsync(Plain.Tail, request, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    /// <summary>A call that waits. It ends where the partition is no longer read here: Orleans moves nothing before its calls have ended.</summary>
    private async ValueTask<TReply> UntilMovedAsync<TRequest, TReply>(
        Func<TRequest, CancellationToken, ValueTask<TReply>> call, TRequest request, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        try
        {
            return await call(request, either.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new OwnershipLostException(GrainContext.GrainId.Key.ToString()!);
        }
    }

    /// <summary>
    /// Moves to the silo that it belongs to. If it only ended, whoever remembers that it was here would call, and so make, it
    /// here again.
    /// </summary>
    private async Task MoveAsync()
    {
        // The pump first, and while its calls are answered: an activation that ends answers none.
        await StopPumpAsync();
        this.MigrateOnIdle();
    }

    private async Task StopPumpAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_pump);
    }
}
