namespace Cdp.Orleans.Hosting;

/// <summary>
/// Ends grains when the silo stops, callers before what they call. The last silo does so while calls between grains still make
/// activations; one among others tells them first that it leaves, so that what it ends is made again elsewhere.
/// </summary>
internal sealed class OrderlyStop(GrainHosting hosting, IClusterMembershipService members, ILocalSiloDetails local) : ILifecycleParticipant<ISiloLifecycle>
{
    private bool IsLast => members.CurrentSnapshot.Members.Values.All(member => member.Status != SiloStatus.Active || member.SiloAddress.Equals(local.SiloAddress));

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(OrderlyStop), ServiceLifecycleStage.Active, _ => Task.CompletedTask, StopActiveAsync);
        lifecycle.Subscribe(nameof(OrderlyStop), ServiceLifecycleStage.BecomeActive, _ => Task.CompletedTask, LeaveAsync);
    }

    private async Task StopActiveAsync(CancellationToken cancellationToken)
    {
        hosting.IsStopping = true;
        if (IsLast && !cancellationToken.IsCancellationRequested) await hosting.Residents.DrainAsync(all: true);
    }

    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (IsLast || cancellationToken.IsCancellationRequested) return;
        await foreach (var snapshot in members.MembershipUpdates.WithCancellation(cancellationToken))
        {
            if (snapshot.GetSiloStatus(local.SiloAddress) != SiloStatus.Active) break;
        }

        // Orleans ends the others: they only save themselves.
        await hosting.Residents.DrainAsync(all: false);
    }
}
