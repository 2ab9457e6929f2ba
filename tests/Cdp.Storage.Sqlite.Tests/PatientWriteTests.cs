using Cdp.StorageContract;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>Writes that can wait share a flush, and wait for nothing longer than they have to.</summary>
public sealed class PatientWriteTests
{
    private const int Enough = 256;
    private static readonly SqliteStoreOptions Patient = new() { Partitions = 1, WritePatience = TimeSpan.FromDays(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task They_are_durable_with_the_next_write_that_cannot_wait()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, Patient);
        var waiting = Enumerable.Range(0, 20).Select(i => AppendTask.Begin(store.History, $"{i}", 0, Bytes.Of("a"))).ToList();
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        Assert.True(await store.History.AppendAsync("urgent", 0, 1, Bytes.Of("b"), Token));
        Assert.All(await Task.WhenAll(waiting), Assert.True);
    }

    [Fact]
    public async Task Many_of_them_wait_for_nobody()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, Patient);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, Enough).Select(i => AppendTask.Begin(store.History, $"{i}", 0, Bytes.Of("a")))), Assert.True);
    }

    [Fact]
    public async Task The_end_of_the_store_does_not_leave_them_behind()
    {
        using var directory = new TemporaryDirectory();
        Task<bool> waiting;
        await using (var store = await SqliteStore.OpenAsync(directory.Path, Patient)) waiting = AppendTask.Begin(store.History, "key", 0, Bytes.Of("a"));
        Assert.True(await waiting);
        await using var again = await SqliteStore.OpenAsync(directory.Path, Patient);
        Assert.Equal(1, await again.History.LengthAsync("key", Token));
    }

    [Fact]
    public async Task One_alone_is_written_when_its_time_is_over()
    {
        using var directory = new TemporaryDirectory();
        await using var store = await SqliteStore.OpenAsync(directory.Path, Patient with { WritePatience = TimeSpan.FromMilliseconds(5) });
        Assert.True(await AppendTask.Begin(store.History, "key", 0, Bytes.Of("a")));
    }
}
