using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>What every state store does.</summary>
public abstract class StateStoreContract
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new, empty store.</summary>
    protected abstract ValueTask<IStorage<IStateStore>> NewAsync();

    [Fact]
    public async Task What_was_never_written_is_absent()
    {
        await using var storage = await NewAsync();
        var row = await storage.Store.ReadAsync("kind", "key", Token);
        Assert.False(row.Exists);
        Assert.True(row.Value.IsEmpty);
    }

    [Fact]
    public async Task What_was_written_is_read_with_its_tag()
    {
        await using var storage = await NewAsync();
        var tag = await storage.Store.WriteAsync("kind", "key", Bytes.Of("one"), null, Token);
        Assert.NotNull(tag);
        for (var pass = 0; pass < 2; pass++)
        {
            var row = await storage.Store.ReadAsync("kind", "key", Token);
            Assert.Equal(("one", tag), (Bytes.Text(row.Value), row.Tag));
            await storage.ReopenAsync();
        }

        Assert.NotNull(await storage.Store.WriteAsync("kind", "key", Bytes.Of("two"), tag, Token));
        Assert.Equal("two", Bytes.Text((await storage.Store.ReadAsync("kind", "key", Token)).Value));
    }

    [Fact]
    public async Task An_empty_value_exists()
    {
        await using var storage = await NewAsync();
        var tag = await storage.Store.WriteAsync("", "", default, null, Token);
        var row = await storage.Store.ReadAsync("", "", Token);
        Assert.Equal((true, tag, 0), (row.Exists, row.Tag, row.Value.Length));
    }

    [Fact]
    public async Task Kinds_and_keys_do_not_mix()
    {
        await using var storage = await NewAsync();
        (string, string)[] places = [("a", "bc"), ("ab", "c"), ("a", "BC"), ("a", "bc\0"), ("", "abc"), ("a", "b/ç"), ("a", new string('x', 2000))];
        foreach (var (kind, key) in places) Assert.NotNull(await storage.Store.WriteAsync(kind, key, Bytes.Of($"{kind}:{key}"), null, Token));
        foreach (var (kind, key) in places) Assert.Equal($"{kind}:{key}", Bytes.Text((await storage.Store.ReadAsync(kind, key, Token)).Value));
    }

    [Fact]
    public async Task Many_are_read_as_each_alone()
    {
        await using var storage = await NewAsync();
        string[] keys = ["z", "none", "a", "", "a", "b/ç", new string('x', 2000)];
        foreach (var key in keys.Where(k => k != "none").Distinct())
            Assert.NotNull(await storage.Store.WriteAsync("kind", key, Bytes.Of(key.Length > 1 ? key : $"{key}!"), null, Token));
        Assert.NotNull(await storage.Store.WriteAsync("other", "none", Bytes.Of("other"), null, Token));
        for (var pass = 0; pass < 2; pass++)
        {
            var rows = await storage.Store.ReadManyAsync("kind", keys, Token);
            Assert.Equal(keys.Length, rows.Count);
            for (var i = 0; i < keys.Length; i++)
            {
                var row = await storage.Store.ReadAsync("kind", keys[i], Token);
                Assert.Equal((row.Exists, row.Tag, Bytes.Text(row.Value)), (rows[i].Exists, rows[i].Tag, Bytes.Text(rows[i].Value)));
            }

            Assert.Empty(await storage.Store.ReadManyAsync("kind", [], Token));
            await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task A_write_with_another_tag_changes_nothing()
    {
        await using var storage = await NewAsync();
        var first = await storage.Store.WriteAsync("kind", "key", Bytes.Of("one"), null, Token);
        var second = await storage.Store.WriteAsync("kind", "key", Bytes.Of("two"), first, Token);
        Assert.NotEqual(first, second);
        Assert.Null(await storage.Store.WriteAsync("kind", "key", Bytes.Of("bad"), first, Token));
        Assert.Null(await storage.Store.WriteAsync("kind", "key", Bytes.Of("bad"), null, Token));
        Assert.Null(await storage.Store.WriteAsync("kind", "key", Bytes.Of("bad"), "never given", Token));
        Assert.Null(await storage.Store.WriteAsync("kind", "other", Bytes.Of("bad"), second, Token));
        var row = await storage.Store.ReadAsync("kind", "key", Token);
        Assert.Equal(("two", second), (Bytes.Text(row.Value), row.Tag));
        Assert.False((await storage.Store.ReadAsync("kind", "other", Token)).Exists);
    }

    [Fact]
    public async Task A_clear_needs_the_tag_as_well()
    {
        await using var storage = await NewAsync();
        var tag = await storage.Store.WriteAsync("kind", "key", Bytes.Of("one"), null, Token);
        Assert.False(await storage.Store.ClearAsync("kind", "key", null, Token));
        Assert.False(await storage.Store.ClearAsync("kind", "key", "never given", Token));
        Assert.True((await storage.Store.ReadAsync("kind", "key", Token)).Exists);
        Assert.True(await storage.Store.ClearAsync("kind", "key", tag, Token));
        Assert.False((await storage.Store.ReadAsync("kind", "key", Token)).Exists);
        Assert.False(await storage.Store.ClearAsync("kind", "key", tag, Token));
        Assert.True(await storage.Store.ClearAsync("kind", "key", null, Token));
    }

    [Fact]
    public async Task A_tag_never_comes_back()
    {
        await using var storage = await NewAsync();
        var tags = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            var tag = await storage.Store.WriteAsync("kind", "key", Bytes.Of("same"), null, Token);
            Assert.True(tags.Add(tag!));
            Assert.True(await storage.Store.ClearAsync("kind", "key", tag, Token));
            if (i % 3 == 0) await storage.ReopenAsync();
        }
    }

    [Fact]
    public async Task Of_sixteen_writers_with_one_tag_exactly_one_wins()
    {
        await using var storage = await NewAsync();
        string? tag = null;
        for (var round = 0; round < 20; round++)
        {
            var expected = tag;
            var tags = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
                (Tag: await storage.Store.WriteAsync("kind", "key", Bytes.Of($"{writer}"), expected, Token), writer))));
            var winner = Assert.Single(tags, t => t.Tag is not null);
            var row = await storage.Store.ReadAsync("kind", "key", Token);
            Assert.Equal((winner.Tag, $"{winner.writer}"), (row.Tag, Bytes.Text(row.Value)));
            tag = winner.Tag;
        }
    }

    [Fact]
    public async Task Any_sequence_of_calls_gives_what_the_simplest_store_gives() =>
        await Model.CheckAsync(async random =>
        {
            await using var storage = await NewAsync();
            var oracle = new MemoryStateStore();

            // Tags are opaque: what is compared is who matches whom.
            var tags = new List<(string? Oracle, string? Tested)> { (null, null) };
            for (var step = 0; step < 60; step++)
            {
                var (kind, key) = ($"k{random.Next(2)}", $"{random.Next(3)}");
                var tag = tags[random.Next(3) == 0 ? random.Next(tags.Count) : tags.Count - 1];
                switch (random.Next(10))
                {
                    case < 5:
                        var value = Bytes.Random(random.Next(), random.Next(8) == 0 ? 9000 : random.Next(50));
                        var written = (await oracle.WriteAsync(kind, key, value, tag.Oracle, Token), await storage.Store.WriteAsync(kind, key, value, tag.Tested, Token));
                        Assert.Equal(written.Item1 is null, written.Item2 is null);
                        tags.Add(written);
                        break;
                    case < 7:
                        Assert.Equal(await oracle.ClearAsync(kind, key, tag.Oracle, Token), await storage.Store.ClearAsync(kind, key, tag.Tested, Token));
                        break;
                    case < 9:
                        var (expected, actual) = (await oracle.ReadAsync(kind, key, Token), await storage.Store.ReadAsync(kind, key, Token));
                        Assert.Equal(expected.Exists, actual.Exists);
                        Assert.Equal(expected.Value.ToArray(), actual.Value.ToArray());
                        tags.Add((expected.Tag, actual.Tag));
                        break;
                    default:
                        await storage.ReopenAsync();
                        break;
                }
            }
        });
}
