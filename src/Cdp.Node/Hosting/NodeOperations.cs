using Cdp.Gateway;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Operations;
using Cdp.Grains.Ports;
using Cdp.Node.Backups;
using Cdp.Storage;
using Cdp.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace Cdp.Node.Hosting;

/// <summary>What a node has for backups: where they go, how they are made, and where erasures are noted for their sake.</summary>
internal sealed partial class NodeOperations : IDisposable
{
    private readonly IStore _store;
    private readonly BackupDirectory? _directory;
    private readonly ErasureLedgerFile? _ledger;
    private readonly string _dataDirectory;
    private LedgerSync? _sync;
    private NodeBackups? _backups;

    private NodeOperations(IStore store, NodeOptions options)
    {
        (_store, _dataDirectory) = (store, options.DataDirectory);
        if (options.BackupDirectory is null) return;
        try
        {
            _directory = new BackupDirectory(options.BackupDirectory);
            _ledger = ErasureLedgerFile.Open(_directory.Ledger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _directory?.Dispose();
            throw new SettingException($"Setting Cdp:{nameof(NodeOptions.BackupDirectory)}: {e.Message}");
        }
    }

    /// <summary>Where erasures are noted; null: nowhere.</summary>
    public IErasureLedger? Ledger => _ledger;

    /// <summary>Opens what the settings name.</summary>
    /// <exception cref="SettingException">The directory of backups cannot be used.</exception>
    public static NodeOperations Open(IStore store, NodeOptions options) => new(store, options);

    /// <summary>Makes backups from now on; null: the store has means of its own.</summary>
    public IBackups? Start(IGrains grains, TimeProvider time)
    {
        if (_ledger is not null) _sync = new LedgerSync(_store, grains, _ledger);
        if (_store is SqliteStore store) _backups = new NodeBackups(store, _directory, SyncAsync, time);
        return _backups;
    }

    /// <summary>Before anybody is answered: erases again whom a restore brought back, and notes erasures that are not noted.</summary>
    public async Task CatchUpAsync(GatewayPorts ports, TenantEditor tenants, ILogger logger, CancellationToken cancellationToken)
    {
        if (await new ErasuresAgain(_dataDirectory, _store.State, ports, tenants).RunAsync(cancellationToken) is var (erased, entries)) ErasedAgain(logger, erased, entries);
        await SyncAsync(cancellationToken);
    }

    public void Dispose()
    {
        _backups?.Dispose();
        _ledger?.Dispose();
        _directory?.Dispose();
    }

    private Task SyncAsync(CancellationToken cancellationToken) => _sync?.RunAsync(cancellationToken) ?? Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "The store was restored: {Erased} customers were erased again, by {Entries} noted erasures.")]
    private static partial void ErasedAgain(ILogger logger, int erased, int entries);
}
