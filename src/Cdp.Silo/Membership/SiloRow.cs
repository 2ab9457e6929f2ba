using System.Text.Json;

namespace Cdp.Silo.Membership;

/// <summary>What is kept of one silo beside its status and when it was last alive.</summary>
/// <param name="SiloName">Its name.</param>
/// <param name="HostName">Its machine.</param>
/// <param name="ProxyPort">Port for Orleans clients; 0: none.</param>
/// <param name="Started">When it started.</param>
/// <param name="Suspects">Who suspects it, and since when.</param>
internal sealed record SiloRow(string SiloName, string HostName, int ProxyPort, DateTime Started, IReadOnlyList<SiloRow.Suspicion> Suspects)
{
    /// <summary>What one silo suspects of another.</summary>
    internal sealed record Suspicion(string Silo, DateTime Time);

    /// <summary>The JSON of an entry.</summary>
    public static string Write(MembershipEntry entry) => JsonSerializer.Serialize(new SiloRow(
        entry.SiloName, entry.HostName, entry.ProxyPort, entry.StartTime,
        [.. (entry.SuspectTimes ?? []).Select(suspect => new Suspicion(suspect.Item1.ToParsableString(), suspect.Item2))]));

    /// <summary>The entry of a row.</summary>
    public static MembershipEntry Read(string address, int status, DateTime alive, string json)
    {
        var row = JsonSerializer.Deserialize<SiloRow>(json)!;
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString(address),
            Status = (SiloStatus)status,
            IAmAliveTime = alive,
            SiloName = row.SiloName,
            HostName = row.HostName,
            ProxyPort = row.ProxyPort,
            StartTime = row.Started,
            SuspectTimes = [.. row.Suspects.Select(suspect => Tuple.Create(SiloAddress.FromParsableString(suspect.Silo), suspect.Time))],
        };
    }
}
