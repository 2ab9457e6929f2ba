namespace Cdp.Storage.Postgres.Tests;

public sealed class SchemaTests(Databases databases)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        var options = await databases.NewStoreAsync();
        string epoch;
        await using (var store = await PostgresStore.OpenAsync(databases.Database, options, Token)) epoch = store.Log.Epoch;
        Assert.Equal(PostgresSchema.Version, await PostgresSchema.MigrateAsync(databases.Database, options.Schema, null, null, Token));
        await using var again = await PostgresStore.OpenAsync(databases.Database, options, Token);
        Assert.Equal((16, epoch), (again.Log.Partitions, again.Log.Epoch));
    }

    [Fact]
    public async Task Two_who_migrate_at_once_make_one_store()
    {
        var schema = databases.NewSchema();
        var before = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresSchema.MigrateAsync(databases.Database, schema, 5, null, Token)));
        Assert.Equal([0, PostgresSchema.Version, PostgresSchema.Version, PostgresSchema.Version], before.Order());
        await using var store = await PostgresStore.OpenAsync(databases.Database, new() { Schema = schema }, Token);
        Assert.Equal(5, store.Log.Partitions);
    }

    [Fact]
    public async Task A_database_without_tables_says_what_to_run()
    {
        var failure = await Assert.ThrowsAsync<StorageException>(() => PostgresStore.OpenAsync(databases.Database, new() { Schema = databases.NewSchema() }, Token));
        Assert.Contains("cdp migrate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_of_another_program_are_refused_with_the_remedy()
    {
        var options = await databases.NewStoreAsync();
        await databases.RunAsync($"INSERT INTO {options.Schema}.schema_version (version) VALUES (999)");
        var failure = await Assert.ThrowsAsync<StorageException>(() => PostgresStore.OpenAsync(databases.Database, options, Token));
        Assert.Contains("Start a newer one", failure.Message, StringComparison.Ordinal);
        failure = await Assert.ThrowsAsync<StorageException>(() => PostgresSchema.MigrateAsync(databases.Database, options.Schema, null, null, Token));
        Assert.Contains("Start a newer one", failure.Message, StringComparison.Ordinal);

        await databases.RunAsync($"DELETE FROM {options.Schema}.schema_version");
        failure = await Assert.ThrowsAsync<StorageException>(() => PostgresStore.OpenAsync(databases.Database, options, Token));
        Assert.Contains("cdp migrate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_number_of_partitions_is_refused()
    {
        var options = await databases.NewStoreAsync(new() { Partitions = 3 });
        var failure = await Assert.ThrowsAsync<StorageException>(() => PostgresStore.OpenAsync(databases.Database, options with { Partitions = 4 }, Token));
        Assert.Contains("3 partitions", failure.Message, StringComparison.Ordinal);
        failure = await Assert.ThrowsAsync<StorageException>(() => PostgresSchema.MigrateAsync(databases.Database, options.Schema, 4, null, Token));
        Assert.Contains("3 partitions", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => PostgresSchema.MigrateAsync(databases.Database, options.Schema, 0, null, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Cdp")]
    [InlineData("a b")]
    [InlineData("a;DROP TABLE x")]
    [InlineData("1a")]
    public async Task A_schema_has_a_plain_name(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => PostgresSchema.MigrateAsync("Host=127.0.0.1", name, null, null, Token));

    [Fact]
    public async Task A_server_that_is_not_there_is_named_without_its_password()
    {
        var failure = await Assert.ThrowsAsync<StorageException>(() => PostgresStore.OpenAsync(PostgresAddress.Parse("postgres://u:geheim@127.0.0.1:1/db"), null, Token));
        Assert.Contains("postgres://127.0.0.1:1/db", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", failure.ToString(), StringComparison.Ordinal);
    }
}
