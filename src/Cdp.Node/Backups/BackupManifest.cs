using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cdp.Domain.Events;
using Cdp.Storage;
using Cdp.V1;

namespace Cdp.Node.Backups;

/// <summary>What stands in a backup, in <c>manifest.json</c>: who has it can tell whether the backup is whole and unchanged.</summary>
internal sealed record BackupManifest
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The one format there is.</summary>
    public const int CurrentFormat = 1;

    private static readonly JsonSerializerOptions Layout = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public required int Format { get; init; }

    public required string ProductVersion { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public required double Seconds { get; init; }

    public required string LogEpoch { get; init; }

    /// <summary>Position after the last event of each partition.</summary>
    public required IReadOnlyList<long> PartitionEnds { get; init; }

    public required long LogRecords { get; init; }

    public required IReadOnlyList<BackupFile> Files { get; init; }

    /// <summary>Reads the manifest of a backup.</summary>
    /// <exception cref="StorageException">There is none, or it cannot be read.</exception>
    public static async Task<BackupManifest> ReadAsync(string directory, CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) throw new StorageException($"There is no backup in '{directory}': it has no {FileName}.");
        try
        {
            var manifest = JsonSerializer.Deserialize<BackupManifest>(await File.ReadAllBytesAsync(path, cancellationToken), Layout);
            if (manifest is null) throw new StorageException($"{path} is empty.");
            if (manifest.Format != CurrentFormat)
                throw new StorageException(string.Create(CultureInfo.InvariantCulture, $"{path} has format {manifest.Format}; this program reads format {CurrentFormat}. Use the program that wrote it."));
            return manifest;
        }
        catch (JsonException e)
        {
            throw new StorageException($"{path} is damaged: {e.Message}", e);
        }
    }

    /// <summary>Its bytes.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Layout);

    /// <summary>The backup as the API describes it.</summary>
    public Backup Describe(string name) => new()
    {
        Name = name,
        CreatedAt = new Timestamp { UnixMicros = UnixTime.Micros(CreatedAt) },
        TookMicros = (long)(Seconds * 1e6),
        Bytes = Files.Sum(file => file.Bytes),
        Files = Files.Count,
        LogRecords = LogRecords,
        LogEpoch = LogEpoch,
        Partitions = { PartitionEnds.Select((end, number) => new BackupPartition { Number = number, EndPosition = end }) },
        ProductVersion = ProductVersion,
    };
}

/// <summary>A file of a backup.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its bytes, in hex.</param>
internal sealed record BackupFile(string Name, long Bytes, string Sha256);
