using System.Globalization;
using Npgsql;

namespace Cdp.Storage.Postgres;

/// <summary>Where a database is: a URL, or what Npgsql calls a connection string.</summary>
/// <remarks>The URL is that of libpq, https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS, with one host.</remarks>
public static class PostgresAddress
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    /// <summary>Whether a text is such a URL.</summary>
    public static bool IsUrl(string text) => Schemes.Any(s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase));

    /// <summary>The connection string that a text stands for.</summary>
    /// <exception cref="FormatException">It is none; the message says what to write, and never repeats a password.</exception>
    public static string Parse(string text)
    {
        try
        {
            return (IsUrl(text) ? OfUrl(text) : new NpgsqlConnectionStringBuilder(text)).ConnectionString;
        }
        catch (Exception e) when (e is UriFormatException or ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new FormatException($"That is no address of a PostgreSQL database ({Reason(e)}). Write postgres://USER:PASSWORD@HOST:PORT/DATABASE, or Host=…;Username=…;Password=…;Database=….", e);
        }
    }

    /// <summary>Host, port and database: what may be shown.</summary>
    public static string Show(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return string.Create(CultureInfo.InvariantCulture, $"postgres://{builder.Host}:{builder.Port}/{builder.Database ?? builder.Username}");
    }

    private static NpgsqlConnectionStringBuilder OfUrl(string text)
    {
        var url = new Uri(text);
        var builder = new NpgsqlConnectionStringBuilder { Host = url.Host.Trim('[', ']') };
        if (url.Host.Length == 0) throw new FormatException("it names no host");
        if (url.Port > 0) builder.Port = url.Port;
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) builder.Password = Uri.UnescapeDataString(user[1]);
        if (url.AbsolutePath.Length > 1) builder.Database = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        foreach (var setting in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = setting.Split('=', 2);
            if (pair.Length < 2) throw new FormatException($"the setting {pair[0]} has no value");
            builder[NameOf(Uri.UnescapeDataString(pair[0]))] = Uri.UnescapeDataString(pair[1]);
        }

        return builder;
    }

    /// <summary>Npgsql's name of a setting that libpq names otherwise.</summary>
    private static string NameOf(string setting) => setting switch
    {
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "connect_timeout" => "Timeout",
        "application_name" => "Application Name",
        "host" => "Host",
        _ => setting,
    };

    private static string Reason(Exception e) => e switch
    {
        UriFormatException => "it cannot be read as a URL",
        FormatException => e.Message,
        _ => "it has a setting that Npgsql does not know, or whose value it does not take",
    };
}
