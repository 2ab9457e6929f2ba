using System.Collections.Concurrent;
using Cdp.PostgresKit;
using Cdp.StorageContract;

namespace Cdp.Storage.Postgres.Tests;

/// <summary>A server that is killed, under a store that stays.</summary>
public sealed class ServerCrashTests
{
    private const int Partitions = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_survives_a_killed_server_and_the_store_goes_on_by_itself()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");

        // A server whose own default would lose acknowledged commits: the store asks for better.
        await using var server = await PostgresServer.StartAsync("synchronous_commit=off", "wal_writer_delay=10s");
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, Partitions, null, Token);
        await using var store = await PostgresStore.OpenAsync(server.ConnectionString, null, Token);
        var acknowledged = new ConcurrentDictionary<string, (int Partition, long Position)>();
        var lengths = new long[8];
        for (var round = 0; round < 3; round++)
        {
            using var killed = new CancellationTokenSource();
            var enough = new TaskCompletionSource();
            var writers = Enumerable.Range(0, lengths.Length).Select(writer => Task.Run(async () =>
            {
                // The length of a history after a failed append is known to the store alone.
                lengths[writer] = await store.History.LengthAsync($"{writer}", Token);
                for (var i = 0; ; i++)
                {
                    var name = $"{round}.{writer}.{i}";
                    try
                    {
                        acknowledged[name] = (writer % Partitions, await store.Log.AppendAsync(writer % Partitions, [Bytes.Record("t", name)], Token));
                        if (await store.History.AppendAsync($"{writer}", lengths[writer], 1, Bytes.Of(name), Token)) lengths[writer]++;
                    }
                    catch (StorageException)
                    {
                        if (killed.IsCancellationRequested) return;
                    }

                    if (acknowledged.Count > (round + 1) * 200) enough.TrySetResult();
                }
            })).ToList();
            await enough.Task;
            await server.KillAsync();
            await killed.CancelAsync();
            await Task.WhenAll(writers);
            await server.StartAgainAsync();

            foreach (var (name, (partition, position)) in acknowledged)
                Assert.Equal(name, Bytes.Text((await store.Log.ReadManyAsync([(partition, position)], Token))[0]!.Value.Payload));
            for (var writer = 0; writer < lengths.Length; writer++)
            {
                // One append may have been committed whose answer was lost.
                Assert.InRange(await store.History.LengthAsync($"{writer}", Token), lengths[writer], lengths[writer] + 1);
            }
        }

        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = await store.Log.ReadAsync(partition, 0, int.MaxValue, Token);
            Assert.Equal(await store.Log.EndAsync(partition, Token), records.Count);
            Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(r => r.Position));
        }
    }
}
