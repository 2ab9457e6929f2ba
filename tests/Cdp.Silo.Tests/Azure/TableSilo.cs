using System.Net;
using Cdp.Azure;
using Cdp.CrashKit;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.StorageContract;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cdp.Silo.Tests.Azure;

/// <summary>A silo whose state Orleans' provider keeps in the tables of an Azurite; for all tests of a class.</summary>
public sealed class TableSilo : IAsyncLifetime
{
    private Azurite? _azurite;
    private IHost? _host;
    private int _storages;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Azurite.Missing is not null && Environment.GetEnvironmentVariable("CI") is null) return;
        _azurite = await Azurite.StartAsync(CancellationToken.None);
        var host = Host.CreateDefaultBuilder().ConfigureLogging(logging => logging.ClearProviders()).UseOrleans(silo => silo.ConfigureEndpoints(IPAddress.Loopback, CdpProcess.FreePort(), gatewayPort: 0).UseAzureTables(_azurite.Tables)).Build();
        await host.StartAsync();
        _host = host;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        if (_azurite is not null) await _azurite.DisposeAsync();
    }

    /// <summary>A storage of its own: its kinds begin with a number.</summary>
    internal ValueTask<IStorage<TStore>> NewAsync<TStore>(Func<GrainStores, string, TStore> storeOf)
    {
        Assert.SkipWhen(_host is null, Azurite.Missing ?? "");
        var number = Interlocked.Increment(ref _storages);
        return new(new Storage<TStore>(() => storeOf(AzureStores.Of(_host!.Services, new MemoryEventLog(1)), $"{number}-")));
    }

    private sealed class Storage<TStore>(Func<TStore> open) : IStorage<TStore>
    {
        public TStore Store { get; private set; } = open();

        public ValueTask ReopenAsync()
        {
            Store = open();
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }
}

/// <summary>States whose keys begin with something.</summary>
internal sealed class PrefixedStates(IStateStore states, string prefix) : IStateStore
{
    public ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken) => states.ReadAsync(prefix + kind, key, cancellationToken);

    public ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        states.ReadManyAsync(prefix + kind, keys, cancellationToken);

    public ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken) =>
        states.WriteAsync(prefix + kind, key, value, expectedTag, cancellationToken);

    public ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken) =>
        states.ClearAsync(prefix + kind, key, expectedTag, cancellationToken);
}
