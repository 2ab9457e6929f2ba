using System.Globalization;
using System.Text;
using Cdp.Node.Backups;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes backups, and what was found in them or made of them.</summary>
internal static class BackupText
{
    public static string WriteCreated(CreateBackupResponse response)
    {
        var backup = response.Backup;
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("backup", backup.Name);
        facts.Add("begun", ValueText.Of(backup.CreatedAt));
        facts.Add("log records", ValueText.Of(backup.LogRecords));
        facts.Add("positions", string.Join(" ", backup.Partitions.Select(partition => string.Create(CultureInfo.InvariantCulture, $"{partition.Number}:{partition.EndPosition}"))));
        facts.Add("bytes", ValueText.Of(backup.Bytes));
        facts.WriteTo(text);
        text.Append(CultureInfo.InvariantCulture, $"made in {backup.TookMicros / 1e6:0.0} s; everything acknowledged before it began is in it\n");
        return text.ToString();
    }

    public static string Write(IReadOnlyCollection<Backup> backups)
    {
        if (backups.Count == 0) return "no backups\n";
        var text = new StringBuilder();
        var table = new TextTable("backup", "begun", ">log records", ">bytes", ">seconds", "version");
        foreach (var backup in backups)
        {
            table.Add(
                backup.Name, ValueText.Of(backup.CreatedAt), ValueText.Of(backup.LogRecords), ValueText.Of(backup.Bytes),
                (backup.TookMicros / 1e6).ToString("0.0", CultureInfo.InvariantCulture), backup.ProductVersion);
        }

        table.WriteTo(text);
        return text.ToString();
    }

    public static string Write(BackupReport report)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("begun", Time(report.Manifest));
        facts.Add("files", ValueText.Of(report.Manifest.Files.Count));
        facts.Add("bytes", ValueText.Of(report.Manifest.Files.Sum(file => file.Bytes)));
        facts.Add("log records", ValueText.Of(report.LogRecords));
        facts.Add("journal's commits", ValueText.Of(report.JournalBlocks));
        facts.WriteTo(text);
        text.Append(CultureInfo.InvariantCulture, $"{(report.IsWhole ? "whole and unchanged" : "DAMAGED")}, read in {report.Elapsed.TotalSeconds:0.0} s\n");
        return text.ToString();
    }

    public static string WriteJson(BackupReport report) => JsonText.Write(new
    {
        whole = report.IsWhole,
        created_at = report.Manifest.CreatedAt,
        product_version = report.Manifest.ProductVersion,
        files = report.Manifest.Files.Count,
        bytes = report.Manifest.Files.Sum(file => file.Bytes),
        log_records = report.LogRecords,
        partition_ends = report.Manifest.PartitionEnds,
        journal_commits = report.JournalBlocks,
        damaged = report.Damages.Select(damage => new { file = damage.File, what = damage.What }),
        seconds = Math.Round(report.Elapsed.TotalSeconds, 3),
    });

    public static string Write(RestoreReport report)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("backup of", Time(report.Manifest));
        facts.Add("data", report.Directory);
        facts.Add("log records", ValueText.Of(report.Manifest.LogRecords));
        facts.Add("erasures", report.Erasures is { } erasures ? $"{ValueText.Of(erasures)} noted; the next start carries out again those that the backup does not have" : "none are carried out again");
        facts.WriteTo(text);
        text.Append(CultureInfo.InvariantCulture, $"restored in {report.Elapsed.TotalSeconds:0.0} s; start with: cdp serve --data {report.Directory}\n");
        return text.ToString();
    }

    public static string WriteJson(RestoreReport report) => JsonText.Write(new
    {
        data = report.Directory,
        created_at = report.Manifest.CreatedAt,
        log_records = report.Manifest.LogRecords,
        noted_erasures = report.Erasures,
        seconds = Math.Round(report.Elapsed.TotalSeconds, 3),
    });

    private static string Time(BackupManifest manifest) => manifest.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
