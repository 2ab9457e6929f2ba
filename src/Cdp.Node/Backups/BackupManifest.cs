using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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

    /// <summary>Name of the file with its hash, as <c>sha256sum</c> writes and checks it.</summary>
    public const string HashFileName = "manifest.sha256";

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
            var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
            var hashPath = Path.Combine(directory, HashFileName);
            if (!File.Exists(hashPath) || await File.ReadAllTextAsync(hashPath, cancellationToken) != HashLine(bytes))
                throw new StorageException($"{path} is not what {HashFileName} says: one of them is damaged or missing.");
            var manifest = JsonSerializer.Deserialize<BackupManifest>(bytes, Layout);
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

    /// <summary>Writes it and its hash into a backup; on disk when it returns.</summary>
    public async Task WriteAsync(string directory, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(this, Layout);
        await WriteAsync(Path.Combine(directory, FileName), bytes, cancellationToken);
        await WriteAsync(Path.Combine(directory, HashFileName), Encoding.ASCII.GetBytes(HashLine(bytes)), cancellationToken);
    }

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

    private static string HashLine(byte[] bytes) => $"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {FileName}\n";

    private static async Task WriteAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await file.WriteAsync(bytes, cancellationToken);
        file.Flush(flushToDisk: true);
    }
}

/// <summary>A file of a backup.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its bytes, in hex.</param>
internal sealed record BackupFile(string Name, long Bytes, string Sha256);
