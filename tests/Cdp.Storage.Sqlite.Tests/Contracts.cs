using Cdp.Grains.Ports;
using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

public sealed class SqliteEventLogTests : EventLogContract
{
    protected override ValueTask<IStorage<IEventLog>> NewAsync() =>
        SqliteStorage<IEventLog>.NewAsync(new SqliteStoreOptions { Partitions = Partitions }, s => s.Log);
}

public sealed class SqliteStateStoreTests : StateStoreContract
{
    protected override ValueTask<IStorage<IStateStore>> NewAsync() => SqliteStorage<IStateStore>.NewAsync(new SqliteStoreOptions(), s => s.State);
}

public sealed class SqliteHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => SqliteStorage<IHistory>.NewAsync(new SqliteStoreOptions(), s => s.History);
}

/// <summary>The writer remembers one or two histories only, and looks the others up.</summary>
public sealed class ForgetfulSqliteHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() =>
        SqliteStorage<IHistory>.NewAsync(new SqliteStoreOptions { RememberedHistories = 2 }, s => s.History);
}

public sealed class SqliteCustomerIndexTests : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => SqliteStorage<ICustomerIndex>.NewAsync(new SqliteStoreOptions(), s => s.Customers);
}

public sealed class SqliteMaintenanceTests : MaintenanceContract
{
    protected override ValueTask<IStorage<IStore>> NewAsync() => SqliteStorage<IStore>.NewAsync(new SqliteStoreOptions(), s => s);
}

/// <summary>Memtables of a few entries: merges happen all the time.</summary>
public sealed class MergingSqliteMaintenanceTests : MaintenanceContract
{
    protected override ValueTask<IStorage<IStore>> NewAsync() => SqliteStorage<IStore>.NewAsync(new SqliteStoreOptions { MemtableBytes = 4_000 }, s => s);
}

/// <summary>Memtables of a few entries: merges happen all the time.</summary>
public sealed class MergingSqliteStateStoreTests : StateStoreContract
{
    protected override ValueTask<IStorage<IStateStore>> NewAsync() =>
        SqliteStorage<IStateStore>.NewAsync(new SqliteStoreOptions { MemtableBytes = 400, RememberedStates = 2 }, s => s.State);
}

public sealed class MergingSqliteHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() =>
        SqliteStorage<IHistory>.NewAsync(new SqliteStoreOptions { MemtableBytes = 400, RememberedHistories = 2 }, s => s.History);
}

public sealed class MergingSqliteCustomerIndexTests : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() =>
        SqliteStorage<ICustomerIndex>.NewAsync(new SqliteStoreOptions { MemtableBytes = 400 }, s => s.Customers);
}

public sealed class MemoryEventLogTests : EventLogContract
{
    protected override ValueTask<IStorage<IEventLog>> NewAsync() => new(new MemoryStorage<IEventLog>(new MemoryEventLog(Partitions)));
}

public sealed class MemoryStateStoreTests : StateStoreContract
{
    protected override ValueTask<IStorage<IStateStore>> NewAsync() => new(new MemoryStorage<IStateStore>(new MemoryStateStore()));
}

public sealed class MemoryHistoryTests : HistoryContract
{
    protected override ValueTask<IStorage<IHistory>> NewAsync() => new(new MemoryStorage<IHistory>(new MemoryHistory()));
}

public sealed class MemoryCustomerIndexTests : CustomerIndexContract
{
    protected override ValueTask<IStorage<ICustomerIndex>> NewAsync() => new(new MemoryStorage<ICustomerIndex>(new MemoryCustomerIndex()));
}
