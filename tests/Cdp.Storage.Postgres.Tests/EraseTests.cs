using System.Text;
using Cdp.PostgresKit;
using Cdp.StorageContract;
using Npgsql;

namespace Cdp.Storage.Postgres.Tests;

/// <summary>What the server's files hold of what was erased: docs/decisions/0010-postgres.md says when it is gone.</summary>
public sealed class EraseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_what_was_erased_is_in_the_files_of_the_tables_once_they_were_written_anew()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync("autovacuum=off");
        await PostgresSchema.MigrateAsync(server.ConnectionString, PostgresSchema.DefaultName, 1, null, Token);
        await using var store = await PostgresStore.OpenAsync(server.ConnectionString, null, Token);
        const int Slices = 300;
        var texts = new string[Slices];
        var tags = new string?[Slices];
        for (var i = 0; i < Slices; i++)
        {
            // Some are so long that they stand in a table of their own. None can be compressed: the files are searched.
            texts[i] = $"<{(IsErased(i) ? "gone" : "kept")}-{i}>" + Convert.ToBase64String(Bytes.Random(i, i % 7 == 0 ? 6000 : 100).Span);
            Assert.True(await store.History.AppendAsync("rewritten", i, 1, Bytes.Of(texts[i]), Token));
            Assert.True(await store.History.AppendAsync(IsErased(i) ? $"deleted-{i}" : $"left-{i}", 0, 1, Bytes.Of(texts[i]), Token));
            tags[i] = await store.State.WriteAsync("kind", $"{i}", Bytes.Of(texts[i]), null, Token);
            Assert.Equal(i, await store.Log.AppendAsync(0, [Bytes.Record("t", texts[i])], Token));
        }

        var erased = Enumerable.Range(0, Slices).Where(IsErased).ToList();
        Assert.All(await Task.WhenAll(erased.Select(i => store.History.RewriteAsync("rewritten", i, 1, Bytes.Of("rewritten"), Token).AsTask())), Assert.True);
        Assert.All(await Task.WhenAll(erased.Select(i => store.State.ClearAsync("kind", $"{i}", tags[i], Token).AsTask())), Assert.True);
        Assert.All(await Task.WhenAll(erased.Select(i => store.Log.BlankAsync(0, i, Bytes.Of("left"), Token).AsTask())), Assert.True);
        await Task.WhenAll(erased.Select(i => store.History.DeleteAsync($"deleted-{i}", Token).AsTask()));

        foreach (var table in new[] { "history", "state", "log_block" }) await RunAsync(server, $"VACUUM FULL {PostgresSchema.DefaultName}.{table}");
        await RunAsync(server, "CHECKPOINT");
        var files = string.Concat(server.TableFiles().Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f))));
        foreach (var i in Enumerable.Range(0, Slices)) Assert.Equal(IsErased(i) ? 0 : 4, files.Split(texts[i][..texts[i].IndexOf('>', StringComparison.Ordinal)] + ">").Length - 1);
        Assert.Equal(
            texts.Select((text, i) => IsErased(i) ? "rewritten" : text),
            (await store.History.ReadAsync("rewritten", 0, int.MaxValue, Token)).Select(s => Bytes.Text(s.Bytes)));
    }

    private static bool IsErased(int i) => i % 5 == 0;

    private static async Task RunAsync(PostgresServer server, string sql)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
