using Npgsql;

namespace Cdp.Storage.Postgres.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("postgres://localhost", "localhost", 5432, null, null, null)]
    [InlineData("postgresql://anna:a%40b%3A@db.example:5433/shop", "db.example", 5433, "anna", "a@b:", "shop")]
    [InlineData("postgres://anna@[::1]/a%20b?sslmode=require", "::1", 5432, "anna", null, "a b")]
    [InlineData("Host=db;Port=7;Username=u;Password=p;Database=d", "db", 7, "u", "p", "d")]
    public void An_address_is_read(string text, string host, int port, string? user, string? password, string? database)
    {
        var read = new NpgsqlConnectionStringBuilder(PostgresAddress.Parse(text));
        Assert.Equal((host, port, user, password, database), (read.Host, read.Port, read.Username, read.Password, read.Database));
    }

    [Fact]
    public void Settings_of_a_url_are_kept()
    {
        var read = new NpgsqlConnectionStringBuilder(PostgresAddress.Parse("postgres://db/d?sslmode=require&connect_timeout=3&Keepalive=9"));
        Assert.Equal((SslMode.Require, 3, 9), (read.SslMode, read.Timeout, read.KeepAlive));
    }

    [Theory]
    [InlineData("postgres://")]
    [InlineData("postgres:///db")]
    [InlineData("postgres://h:99999/db")]
    [InlineData("postgres://h/db?sslmode")]
    [InlineData("postgres://h/db?colour=red")]
    [InlineData("postgres://h/db?sslmode=perhaps")]
    [InlineData("data")]
    [InlineData("Host")]
    public void What_is_none_says_what_to_write(string text)
    {
        var failure = Assert.Throws<FormatException>(() => PostgresAddress.Parse(text));
        Assert.Contains("postgres://USER:PASSWORD@HOST:PORT/DATABASE", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_shown_has_no_password() =>
        Assert.Equal("postgres://db:5432/shop", PostgresAddress.Show(PostgresAddress.Parse("postgres://u:secret@db/shop")));
}
