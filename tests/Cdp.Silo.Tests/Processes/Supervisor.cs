using System.Collections.Concurrent;
using Cdp.Client;
using Cdp.CrashKit;

namespace Cdp.Silo.Tests.Processes;

/// <summary>Keeps a silo running on each machine: one that ends is started again at once.</summary>
internal sealed class Supervisor(SiloProcesses silos, IReadOnlyList<TestMachine> machines) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TestMachine, CdpProcess> _serving = new();
    private readonly ConcurrentDictionary<TestMachine, int> _ends = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Starts a silo on each machine; returns when all serve.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var first = machines.ToDictionary(machine => machine, silos.LaunchOn);
        Assert.All(await Task.WhenAll(first.Values.Select(silo => silos.TryServeAsync(silo, cancellationToken))), Assert.True);
        _running = Task.WhenAll(machines.Select(machine => KeepAsync(machine, first[machine])));
    }

    /// <summary>How often a silo of a machine ended.</summary>
    public int Ends(TestMachine machine) => _ends.GetValueOrDefault(machine);

    /// <summary>A client of the silo of a machine that served last, for the tenant that is watched.</summary>
    public CdpClient WatchingClientOf(TestMachine machine) => silos.WatchingClientOf(_serving[machine]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_running);
        _stop.Dispose();
    }

    private async Task KeepAsync(TestMachine machine, CdpProcess silo)
    {
        while (true)
        {
            _serving.TryGetValue(machine, out var last);
            if (await silos.TryServeAsync(silo, _stop.Token))
            {
                _serving[machine] = silo;
                if (last is not null) await silos.KillAsync(last);
            }

            await silo.ExitAsync(_stop.Token);
            _ends.AddOrUpdate(machine, 1, (_, ends) => ends + 1);
            silo = silos.LaunchOn(machine);
        }
    }
}
