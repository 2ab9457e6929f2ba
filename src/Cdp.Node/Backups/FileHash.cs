using System.Security.Cryptography;

namespace Cdp.Node.Backups;

/// <summary>SHA-256 of files.</summary>
internal static class FileHash
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Reads a file.</summary>
    public static Task<BackupFile> ReadAsync(string path, CancellationToken cancellationToken) => ReadAsync(path, static _ => { }, cancellationToken);

    /// <summary>Copies a file, on disk when it returns; what is hashed is what was written.</summary>
    public static async Task<BackupFile> CopyAsync(string path, string target, CancellationToken cancellationToken)
    {
        await using var copy = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var file = await ReadAsync(path, read => copy.Write(read.Span), cancellationToken);
        copy.Flush(flushToDisk: true);
        return file;
    }

    private static async Task<BackupFile> ReadAsync(string path, Action<ReadOnlyMemory<byte>> hears, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        var bytes = 0L;
        while (await file.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            hears(buffer.AsMemory(0, read));
            bytes += read;
        }

        return new BackupFile(Path.GetFileName(path), bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
