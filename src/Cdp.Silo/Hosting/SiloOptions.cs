using System.Globalization;
using System.Net;
using Cdp.Gateway.Keys;
using Cdp.Storage.Postgres;
using Microsoft.Extensions.Configuration;

namespace Cdp.Silo.Hosting;

/// <summary>A setting that stops the start.</summary>
public sealed class SettingException(string message) : Exception(message);

/// <summary>What a silo stands on, and how it finds the others.</summary>
public enum SiloProfile
{
    /// <summary>One silo alone, its data in a directory.</summary>
    Localhost,

    /// <summary>Data and membership in a PostgreSQL database.</summary>
    Postgres,

    /// <summary>
    /// For development: as <see cref="Azure"/> with Azurite for Azure Storage, and the events of this one silo in a directory
    /// unless an event hub is named.
    /// </summary>
    AzureLocal,

    /// <summary>Events in Azure Event Hubs, everything else in Azure Storage.</summary>
    Azure,
}

/// <summary>
/// Settings of a silo, from <c>appsettings.json</c> (section <c>Cdp</c>) and the environment (<c>Cdp__Name</c>). A wrong or
/// unknown setting stops the start with its name.
/// </summary>
public sealed record SiloOptions
{
    /// <summary>Size that stands for no compression.</summary>
    public const int Never = -1;

    private const string Section = "Cdp";

    private static readonly Dictionary<string, SiloProfile> Profiles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["localhost"] = SiloProfile.Localhost,
        ["postgres"] = SiloProfile.Postgres,
        ["azure-local"] = SiloProfile.AzureLocal,
        ["azure"] = SiloProfile.Azure,
    };

    /// <summary>What it stands on.</summary>
    public SiloProfile Profile { get; init; } = SiloProfile.Localhost;

    /// <summary>Directory that holds the data of the profile localhost; made when absent.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>The database of the profile postgres, as a URL or in Npgsql's words.</summary>
    public string? Postgres { get; init; }

    /// <summary>
    /// The Event Hubs namespace of the Azure profiles: its host name (<c>name.servicebus.windows.net</c>, reached with the
    /// machine's managed identity) or a connection string.
    /// </summary>
    public string? EventHubs { get; init; }

    /// <summary>Name of the hub that is the log; its partitions are the product's.</summary>
    public string EventHub { get; init; } = "events";

    /// <summary>Consumer group of the hub that only this cluster reads with.</summary>
    public string ConsumerGroup { get; init; } = "cdp";

    /// <summary>Azure Table Storage of the Azure profiles, for membership and state: its URI (reached with the managed identity) or a connection string.</summary>
    public string? Tables { get; init; }

    /// <summary>Name of the cluster; silos of the same name and database find each other.</summary>
    public string Cluster { get; init; } = "cdp";

    /// <summary>Address of gRPC, an IP address.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Port of gRPC, 0 to 65535; 0: any free one.</summary>
    public int Port { get; init; } = 7878;

    /// <summary>Port of JSON over HTTP/1.1 on the same address, 0 to 65535; 0: any free one, null: none.</summary>
    public int? HttpPort { get; init; }

    /// <summary>File of the certificate of TLS for gRPC and JSON and those above it, in PEM; null: clear text. Looked at again for every connection.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>File of the certificate's private key, in PEM without a password.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Whether clients may ask by gRPC's reflection, without a key, what the services are.</summary>
    public bool Reflection { get; init; } = true;

    /// <summary>Whether <c>/metrics</c> on the port of HTTP/1.1 shows, to everyone who reaches it, what the silo counts.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>Whether the audit log has reads of persons as well as acts.</summary>
    public bool AuditReads { get; init; } = true;

    /// <summary>Bytes from which answers are compressed for clients that take gzip, 0 to 67,108,864; -1: never.</summary>
    public int CompressFromBytes { get; init; } = 1024;

    /// <summary>Port of the health endpoints on the same address, 0 to 65535; 0: any free one.</summary>
    public int HealthPort { get; init; } = 7880;

    /// <summary>Whether operators find Orleans' dashboard beside the health endpoints; the same for all silos of a cluster.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>IP address under which other silos reach this one; null: that of gRPC, or of this machine's name where that is any.</summary>
    public string? SiloAddress { get; init; }

    /// <summary>Port under which other silos reach this one, 1 to 65535.</summary>
    public int SiloPort { get; init; } = 11_111;

    /// <summary>Partitions of a new log of the profile localhost, 1 to 1024.</summary>
    public int? Partitions { get; init; }

    /// <summary>Most live grains of this silo, at least 1,000.</summary>
    public int MaxActivations { get; init; } = 1_000_000;

    /// <summary>Most MB per tenant and partition that this silo has acknowledged and that are not applied, 1 to 4096.</summary>
    public int MaxBacklogMegabytes { get; init; } = 64;

    /// <summary>Milliseconds that what a crash may take back waits for others, to share a write to the disk with them, 0 to 1000.</summary>
    public int AsyncWriteMilliseconds { get; init; } = 5;

    /// <summary>
    /// Milliseconds between two probes of one silo by another, and for the answer, 500 to 10,000. Three missed ones, and two
    /// silos that say so, make a silo dead: docs/cluster.md.
    /// </summary>
    public int ProbeMilliseconds { get; init; } = 1_500;

    /// <summary>Seconds that calls under way get when the silo stops, 0 to 600.</summary>
    public int DrainSeconds { get; init; } = 20;

    /// <summary>Issuers whose JSON Web Tokens are taken beside keys, in tenants that name them: docs/keys.md.</summary>
    public IReadOnlyList<JwtIssuer> Jwt { get; init; } = [];

    /// <summary>Settings that a profile does not start without.</summary>
    public static IReadOnlyList<string> NeededBy(SiloProfile profile) => profile switch
    {
        SiloProfile.Postgres => [nameof(Postgres)],
        SiloProfile.AzureLocal => [nameof(Tables)],
        SiloProfile.Azure => [nameof(EventHubs), nameof(Tables)],
        _ => [],
    };

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingException">A setting is unknown or wrong.</exception>
    public static SiloOptions Read(IConfiguration configuration)
    {
        var options = new SiloOptions();
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
                "PROFILE" => options with { Profile = Profiles.TryGetValue(value, out var profile) ? profile : throw Wrong(setting.Key, $"Give one of {string.Join(", ", Profiles.Keys)}.") },
                "DATADIRECTORY" => options with { DataDirectory = value },
                "POSTGRES" => options with { Postgres = value },
                "EVENTHUBS" => options with { EventHubs = value },
                "EVENTHUB" => options with { EventHub = value },
                "CONSUMERGROUP" => options with { ConsumerGroup = value },
                "TABLES" => options with { Tables = value },
                "CLUSTER" => options with { Cluster = value },
                "ADDRESS" => options with { Address = value },
                "PORT" => options with { Port = Number(setting.Key, value) },
                "HTTPPORT" => options with { HttpPort = Number(setting.Key, value) },
                "TLSCERTIFICATE" => options with { TlsCertificate = value },
                "TLSKEY" => options with { TlsKey = value },
                "REFLECTION" => options with { Reflection = Truth(setting.Key, value) },
                "METRICS" => options with { Metrics = Truth(setting.Key, value) },
                "AUDITREADS" => options with { AuditReads = Truth(setting.Key, value) },
                "COMPRESSFROMBYTES" => options with { CompressFromBytes = Number(setting.Key, value) },
                "HEALTHPORT" => options with { HealthPort = Number(setting.Key, value) },
                "DASHBOARD" => options with { Dashboard = Truth(setting.Key, value) },
                "SILOADDRESS" => options with { SiloAddress = value },
                "SILOPORT" => options with { SiloPort = Number(setting.Key, value) },
                "PARTITIONS" => options with { Partitions = Number(setting.Key, value) },
                "MAXACTIVATIONS" => options with { MaxActivations = Number(setting.Key, value) },
                "MAXBACKLOGMEGABYTES" => options with { MaxBacklogMegabytes = Number(setting.Key, value) },
                "ASYNCWRITEMILLISECONDS" => options with { AsyncWriteMilliseconds = Number(setting.Key, value) },
                "PROBEMILLISECONDS" => options with { ProbeMilliseconds = Number(setting.Key, value) },
                "DRAINSECONDS" => options with { DrainSeconds = Number(setting.Key, value) },
                _ => throw Wrong(setting.Key, "There is no such setting; docs/cluster.md lists them."),
            };
        }

        return options.Checked();
    }

    private SiloOptions Checked()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory)) throw Wrong(nameof(DataDirectory), "Name a directory.");
        foreach (var name in NeededBy(Profile)) CheckNeeded(name);
        if (EventHub.Length == 0) throw Wrong(nameof(EventHub), "Name the event hub.");
        if (ConsumerGroup.Length == 0) throw Wrong(nameof(ConsumerGroup), "Name a consumer group that only this cluster reads with.");
        if (Cluster.Length is 0 or > 100) throw Wrong(nameof(Cluster), "Give 1 to 100 characters.");
        if (!IPAddress.TryParse(Address, out _)) throw Wrong(nameof(Address), "Give an IP address, e.g. 127.0.0.1 or 0.0.0.0.");
        if (SiloAddress is not null && !IPAddress.TryParse(SiloAddress, out _)) throw Wrong(nameof(SiloAddress), "Give the IP address under which other silos reach this one.");
        Range(nameof(Port), Port, 0, 65_535);
        if (TlsCertificate is not null && TlsKey is null) throw Wrong(nameof(TlsKey), "Name the file of the certificate's private key, in PEM.");
        if (TlsKey is not null && TlsCertificate is null) throw Wrong(nameof(TlsCertificate), "Name the file of the key's certificate, in PEM.");
        Range(nameof(HttpPort), HttpPort ?? 0, 0, 65_535);
        Range(nameof(CompressFromBytes), CompressFromBytes, Never, 64 << 20);
        Range(nameof(HealthPort), HealthPort, 0, 65_535);
        Range(nameof(SiloPort), SiloPort, 1, 65_535);
        Range(nameof(Partitions), Partitions ?? 1, 1, 1_024);
        Range(nameof(MaxActivations), MaxActivations, 1_000, int.MaxValue);
        Range(nameof(MaxBacklogMegabytes), MaxBacklogMegabytes, 1, 4_096);
        Range(nameof(AsyncWriteMilliseconds), AsyncWriteMilliseconds, 0, 1_000);
        Range(nameof(ProbeMilliseconds), ProbeMilliseconds, 500, 10_000);
        Range(nameof(DrainSeconds), DrainSeconds, 0, 600);
        return this;
    }

    private void CheckNeeded(string name)
    {
        var (value, example) = name switch
        {
            nameof(Postgres) => (Postgres, "a database, e.g. postgres://cdp@host/cdp"),
            nameof(EventHubs) => (EventHubs, "an Event Hubs namespace, e.g. name.servicebus.windows.net"),
            _ => (Tables, "a table storage, e.g. https://name.table.core.windows.net"),
        };
        if (string.IsNullOrWhiteSpace(value)) throw Wrong(name, $"The profile {Profiles.First(profile => profile.Value == Profile).Key} needs {example}.");
        try
        {
            if (name == nameof(Postgres)) PostgresAddress.Parse(value);
        }
        catch (FormatException e)
        {
            throw Wrong(name, e.Message);
        }
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
