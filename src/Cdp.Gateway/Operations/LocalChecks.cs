using System.Globalization;

namespace Cdp.Gateway.Operations;

/// <summary>Looks at what a process knows of itself.</summary>
internal static class LocalChecks
{
    private const long JournalBytesWarning = 256L << 20;
    private const double DiskWarning = 0.2;
    private const double DiskFailure = 0.05;
    private static readonly TimeSpan CertificateWarning = TimeSpan.FromDays(21);
    private static readonly TimeSpan CertificateFailure = TimeSpan.FromDays(3);
    private static readonly TimeSpan JournalWarning = TimeSpan.FromHours(1);

    public static void Listeners(Findings findings, IServerFacts? facts, DateTimeOffset now)
    {
        if (facts is null)
        {
            findings.Unknown("This server does not say where it listens.");
            return;
        }

        foreach (var listener in facts.Listeners)
        {
            var where = $"{listener.Protocol} on {listener.Address}, {(listener.IsEncrypted ? "TLS" : "clear text")}";
            if (listener is { IsLocal: false, IsEncrypted: false })
                findings.Warn($"{where}: keys and data of customers cross the network readable.", "Set TlsCertificate and TlsKey, or put a proxy that ends TLS before it and listen on 127.0.0.1.");
            else findings.Ok($"{where}{(listener.IsLocal ? ", this machine only" : string.Empty)}.");
        }
    }

    public static void Certificate(Findings findings, IServerFacts? facts, DateTimeOffset now)
    {
        if (facts is null)
        {
            findings.Unknown("This server does not say what it uses.");
            return;
        }

        if (facts.CertificateEnds() is not { } end)
        {
            findings.Ok("No certificate is used.");
            return;
        }

        var left = end - now;
        var message = left < TimeSpan.Zero ? $"The certificate ended {Ages.Of(-left)} ago." : $"The certificate is good for {Ages.Of(left)}.";
        findings.Judge(left < CertificateFailure, left < CertificateWarning, message, "Put renewed files in the place of TlsCertificate and TlsKey; they are taken up without a restart.");
    }

    public static void Disk(Findings findings, IServerFacts? facts, DateTimeOffset now)
    {
        if (facts?.Volumes() is not { Count: > 0 } volumes)
        {
            findings.Unknown("This server keeps no files of its own.");
            return;
        }

        foreach (var volume in volumes)
        {
            var free = volume.Size > 0 ? (double)volume.Free / volume.Size : 0;
            var message = string.Create(CultureInfo.InvariantCulture, $"{volume.What} ({volume.Path}): {volume.Free / 1e9:0.0} GB of {volume.Size / 1e9:0.0} GB free ({free:P0}).");
            findings.Judge(free < DiskFailure, free < DiskWarning, message, "Free some or enlarge it: events are refused when it is full.");
        }
    }

    public static void Journal(Findings findings, IServerFacts? facts, DateTimeOffset now)
    {
        if (facts?.Journal() is not { } journal)
        {
            findings.Unknown("The store has no journal of its own.");
            return;
        }

        var age = now - journal.Since;
        var message = string.Create(CultureInfo.InvariantCulture, $"{journal.Bytes / 1e6:0.0} MB, {Ages.Of(age < TimeSpan.Zero ? TimeSpan.Zero : age)} old: what a start reads before it serves.");
        findings.Judge(
            isFailure: false, journal.Bytes > JournalBytesWarning && age > JournalWarning, message, "Merges into state.db fail or are too slow: look at cdp.storage.failures and the disk.");
    }
}
