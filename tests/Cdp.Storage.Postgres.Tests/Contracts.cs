using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

public sealed class PostgresEventLogTests(Databases databases) : EventLogContract
{
    protected override ValueTask<IStorage<IEventLog>> NewAsync() =>
        PostgresStorage<IEventLog>.NewAsync(databases, new PostgresStoreOptions { Partitions = Partitions }, s => s.Log);
}

public sealed class PostgresStateStoreTests(Databases databases) : StateStoreContract
{
    protected override ValueTask<IStorage<IStateStore>> NewAsync() => PostgresStorage<IStateStore>.NewAsync(databases, new PostgresStoreOptions(), s => s.State);
}

public sealed class PostgresHistoryTests(Databases databases) : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => PostgresStorage<IHistory>.NewAsync(databases, new PostgresStoreOptions(), s => s.History);
}

public sealed class PostgresCustomerIndexTests(Databases databases) : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => PostgresStorage<ICustomerIndex>.NewAsync(databases, new PostgresStoreOptions(), s => s.Customers);
}

public sealed class PostgresMaintenanceTests(Databases databases) : MaintenanceContract
{
    protected override ValueTask<IStorage<IStore>> NewAsync() => PostgresStorage<IStore>.NewAsync(databases, new PostgresStoreOptions(), s => s);
}

/// <summary>As the silos of a cluster have it: open together with others, each with one connection a kind.</summary>
public sealed class SharedPostgresEventLogTests(Databases databases) : EventLogContract
{
    protected override ValueTask<IStorage<IEventLog>> NewAsync() =>
        PostgresStorage<IEventLog>.NewAsync(databases, new PostgresStoreOptions { Partitions = Partitions, Alone = false, LogWriters = 1 }, s => s.Log);
}

public sealed class SharedPostgresHistoryTests(Databases databases) : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() =>
        PostgresStorage<IHistory>.NewAsync(databases, new PostgresStoreOptions { Alone = false, StateWriters = 1 }, s => s.History);
}
