namespace Cdp.Orleans.Hosting;

/// <summary>Work that goes on while the silo is active, off the grains' schedulers.</summary>
internal abstract class SiloLoop(GrainHosting hosting) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>The clock, and who hears of errors.</summary>
    protected GrainHosting Hosting { get; } = hosting;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        GetType().Name,
        ServiceLifecycleStage.Active,
        _ =>
        {
            _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
            return Task.CompletedTask;
        },
        async _ =>
        {
            await _stop.CancelAsync();
            await Task.WhenAny(_running);
        });

    /// <inheritdoc/>
    public virtual void Dispose() => _stop.Dispose();

    /// <summary>Runs until cancelled.</summary>
    protected abstract Task RunAsync(CancellationToken cancellationToken);
}
