using System.Globalization;
using System.Net;
using Cdp.Gateway.Keys;
using Cdp.Storage.Postgres;
using Microsoft.Extensions.Configuration;

namespace Cdp.Node.Hosting;

/// <summary>A setting that stops the start.</summary>
public sealed class SettingException(string message) : Exception(message);

/// <summary>
/// Settings of a node, from <c>appsettings.json</c> (section <c>Cdp</c>) and the environment (<c>Cdp__Name</c>). A wrong
/// or unknown setting stops the start with its name.
/// </summary>
public sealed record NodeOptions
{
    /// <summary>Port when none is named.</summary>
    public const int DefaultPort = 7878;

    /// <summary>Number that stands for no port.</summary>
    public const int NoPort = -1;

    /// <summary>Size that stands for no compression.</summary>
    public const int Never = -1;

    private const string TextLog = "text";
    private const string JsonLog = "json";
    private const string Section = "Cdp";

    /// <summary>Directory that holds the data; made when absent.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>
    /// A PostgreSQL database that holds the data instead, as a URL or in Npgsql's words; the directory then holds the
    /// operator's key alone.
    /// </summary>
    public string? Postgres { get; init; }

    /// <summary>
    /// Directory of backups, outside of the data directory and of no other node; erasures are noted there, too. Null: no backups
    /// are made.
    /// </summary>
    public string? BackupDirectory { get; init; }

    /// <summary>Address to listen on, an IP address.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port of gRPC, 0 to 65535; 0: any free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>
    /// Port of JSON over HTTP/1.1 on the same address, 0 to 65535; 0: any free one, -1: none, null: the one after
    /// <see cref="Port"/>.
    /// </summary>
    public int? HttpPort { get; init; }

    /// <summary>File of the certificate of TLS and those above it, in PEM; null: clear text. Looked at again for every connection.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>File of the certificate's private key, in PEM without a password.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Whether clients may ask by gRPC's reflection, without a key, what the services are.</summary>
    public bool Reflection { get; init; } = true;

    /// <summary>Whether <c>/metrics</c> on the port of HTTP/1.1 shows, to everyone who reaches it, what the node counts.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>How lines of the log look: "text" for people, or "json" for programs that gather them.</summary>
    public string LogFormat { get; init; } = TextLog;

    /// <summary>Whether <see cref="LogFormat"/> is for programs.</summary>
    internal bool LogsJson => LogFormat == JsonLog;

    /// <summary>Whether the audit log has reads of persons as well as acts.</summary>
    public bool AuditReads { get; init; } = true;

    /// <summary>Bytes from which answers are compressed for clients that take gzip, 0 to 67,108,864; -1: never.</summary>
    public int CompressFromBytes { get; init; } = 1024;

    /// <summary>Number of partitions of a new log, 1 to 1024. A log keeps its number.</summary>
    public int? Partitions { get; init; }

    /// <summary>Most live grains, at least 1,000; null: 1,000,000.</summary>
    public int? MaxActivations { get; init; }

    /// <summary>Memory in MB above which idle grains are put away, at least 64; null: half of what the process may use.</summary>
    public int? MaxMemoryMegabytes { get; init; }

    /// <summary>Most acknowledged but unapplied MB per tenant and partition, 1 to 4096.</summary>
    public int MaxBacklogMegabytes { get; init; } = 64;

    /// <summary>Milliseconds that what a crash may take back waits for others, to share a write to the disk with them, 0 to 1000.</summary>
    public int AsyncWriteMilliseconds { get; init; } = 5;

    /// <summary>Seconds that calls under way get when the node stops, 0 to 600.</summary>
    public int DrainSeconds { get; init; } = 20;

    /// <summary>Issuers whose JSON Web Tokens are taken beside keys, in tenants that name them: docs/keys.md.</summary>
    public IReadOnlyList<JwtIssuer> Jwt { get; init; } = [];

    /// <summary>Reads and checks the settings of this process: files beside the program and in the working directory, then the environment.</summary>
    /// <exception cref="SettingException">A setting is unknown or wrong.</exception>
    public static NodeOptions Read() => Read(
        new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .Build(),
        new NodeOptions());

    /// <summary>Reads and checks settings.</summary>
    /// <exception cref="SettingException">A setting is unknown or wrong.</exception>
    public static NodeOptions Read(IConfiguration configuration, NodeOptions defaults)
    {
        var options = defaults;
        foreach (var setting in configuration.GetSection(Section).GetChildren())
        {
            if (string.Equals(setting.Key, nameof(Jwt), StringComparison.OrdinalIgnoreCase))
            {
                options = options with { Jwt = JwtSettings.Read(setting, Wrong) };
                continue;
            }

            var value = setting.Value ?? throw Wrong(setting.Key, "Give a single value.");
            options = setting.Key.ToUpperInvariant() switch
            {
                "DATADIRECTORY" => options with { DataDirectory = value },
                "POSTGRES" => options with { Postgres = value },
                "BACKUPDIRECTORY" => options with { BackupDirectory = value },
                "ADDRESS" => options with { Address = value },
                "PORT" => options with { Port = Number(setting.Key, value) },
                "HTTPPORT" => options with { HttpPort = Number(setting.Key, value) },
                "TLSCERTIFICATE" => options with { TlsCertificate = value },
                "TLSKEY" => options with { TlsKey = value },
                "REFLECTION" => options with { Reflection = Truth(setting.Key, value) },
                "METRICS" => options with { Metrics = Truth(setting.Key, value) },
                "LOGFORMAT" => options with { LogFormat = value is TextLog or JsonLog ? value : throw Wrong(setting.Key, "Give text or json.") },
                "AUDITREADS" => options with { AuditReads = Truth(setting.Key, value) },
                "COMPRESSFROMBYTES" => options with { CompressFromBytes = Number(setting.Key, value) },
                "PARTITIONS" => options with { Partitions = Number(setting.Key, value) },
                "MAXACTIVATIONS" => options with { MaxActivations = Number(setting.Key, value) },
                "MAXMEMORYMEGABYTES" => options with { MaxMemoryMegabytes = Number(setting.Key, value) },
                "MAXBACKLOGMEGABYTES" => options with { MaxBacklogMegabytes = Number(setting.Key, value) },
                "ASYNCWRITEMILLISECONDS" => options with { AsyncWriteMilliseconds = Number(setting.Key, value) },
                "DRAINSECONDS" => options with { DrainSeconds = Number(setting.Key, value) },
                _ => throw Wrong(setting.Key, "There is no such setting; docs/configuration.md lists them."),
            };
        }

        return options.Checked();
    }

    /// <summary>These options, if every one is in range.</summary>
    /// <exception cref="SettingException">One is not.</exception>
    public NodeOptions Checked()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory)) throw Wrong(nameof(DataDirectory), "Name a directory.");
        if (Postgres is not null) CheckPostgres(Postgres);
        if (BackupDirectory is not null) CheckBackups(BackupDirectory);
        if (!IPAddress.TryParse(Address, out _)) throw Wrong(nameof(Address), "Give an IP address, e.g. 127.0.0.1 or 0.0.0.0.");
        Range(nameof(Port), Port, 0, 65_535);
        Range(nameof(HttpPort), HttpPort ?? 0, NoPort, 65_535);
        if (TlsCertificate is not null && TlsKey is null) throw Wrong(nameof(TlsKey), "Name the file of the certificate's private key, in PEM.");
        if (TlsKey is not null && TlsCertificate is null) throw Wrong(nameof(TlsCertificate), "Name the file of the key's certificate, in PEM.");
        Range(nameof(CompressFromBytes), CompressFromBytes, Never, 64 << 20);
        Range(nameof(Partitions), Partitions ?? 1, 1, 1_024);
        Range(nameof(MaxActivations), MaxActivations ?? 1_000, 1_000, int.MaxValue);
        Range(nameof(MaxMemoryMegabytes), MaxMemoryMegabytes ?? 64, 64, int.MaxValue);
        Range(nameof(MaxBacklogMegabytes), MaxBacklogMegabytes, 1, 4_096);
        Range(nameof(AsyncWriteMilliseconds), AsyncWriteMilliseconds, 0, 1_000);
        Range(nameof(DrainSeconds), DrainSeconds, 0, 600);
        return this;
    }

    /// <summary>The port of HTTP/1.1 that the server is told; null: none.</summary>
    internal int? HttpPortOrNone => HttpPort switch
    {
        NoPort => null,
        { } port => port,
        null => Port switch { 0 => 0, 65_535 => null, _ => Port + 1 },
    };

    /// <summary>The size from which the server is told to compress; null: never.</summary>
    internal int? CompressFromBytesOrNever => CompressFromBytes == Never ? null : CompressFromBytes;

    private static void CheckPostgres(string address)
    {
        try
        {
            PostgresAddress.Parse(address);
        }
        catch (FormatException e)
        {
            throw Wrong(nameof(Postgres), e.Message);
        }
    }

    private void CheckBackups(string directory)
    {
        if (string.IsNullOrWhiteSpace(directory)) throw Wrong(nameof(BackupDirectory), "Name a directory.");
        var inData = Path.GetRelativePath(Path.GetFullPath(DataDirectory), Path.GetFullPath(directory));
        if (inData == "." || !(Path.IsPathRooted(inData) || inData == ".." || inData.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal)))
            throw Wrong(nameof(BackupDirectory), "Name a directory outside of the data directory: a backup is to be there when that is not, best on another disk.");
    }

    private static bool Truth(string name, string text) => bool.TryParse(text, out var truth) ? truth : throw Wrong(name, "Give true or false.");

    private static int Number(string name, string text) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw Wrong(name, "Give a whole number.");

    private static void Range(string name, int value, int least, int most)
    {
        if (value < least || value > most) throw Wrong(name, string.Create(CultureInfo.InvariantCulture, $"Give {least} to {most}."));
    }

    private static SettingException Wrong(string name, string remedy) => new($"Setting {Section}:{name} (environment {Section}__{name.Replace(":", "__", StringComparison.Ordinal)}): {remedy}");
}
