using System.Buffers.Binary;
using System.IO.Hashing;
using Cdp.Node.Import.Mapping;
using Cdp.Node.Import.Sources;

namespace Cdp.Node.Import;

/// <summary>The data of an import: a file, or a stream that can be read once.</summary>
public sealed class ImportFile
{
    private const int FingerprintedBytes = 1 << 16;

    private readonly Func<Stream> _open;

    /// <summary>Describes the data.</summary>
    /// <param name="open">Opens it from its beginning.</param>
    /// <param name="length">Its length in bytes; null when unknown.</param>
    public ImportFile(Func<Stream> open, long? length)
    {
        _open = open;
        Length = length;
    }

    /// <summary>Its length in bytes; null when unknown, and then it can be read only once.</summary>
    public long? Length { get; }

    /// <summary>Describes a file on disk.</summary>
    public static ImportFile OnDisk(string path) => new(
        () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan | FileOptions.Asynchronous),
        new FileInfo(path).Length);

    /// <summary>
    /// Tells files apart without reading all of one: length, time of the last write, first and last 64 KB. A file that
    /// only looks changed is imported from its beginning, which changes nothing.
    /// </summary>
    public static string Fingerprint(string path)
    {
        var hash = new XxHash128();
        Span<byte> facts = stackalloc byte[16];
        var info = new FileInfo(path);
        BinaryPrimitives.WriteInt64LittleEndian(facts, info.Length);
        BinaryPrimitives.WriteInt64LittleEndian(facts[8..], info.LastWriteTimeUtc.Ticks);
        hash.Append(facts);
        using var file = File.OpenRead(path);
        var bytes = new byte[FingerprintedBytes];
        hash.Append(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        file.Seek(-Math.Min(info.Length, FingerprintedBytes), SeekOrigin.End);
        hash.Append(bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Opens the data from its beginning.</summary>
    public OpenedFile Open(ImportMapping mapping)
    {
        var stream = _open();
        IRecordSource source = mapping.Format == FileFormat.Csv ? new CsvRecordSource(stream, mapping) : new JsonLinesRecordSource(stream, mapping);
        return new OpenedFile(source, () => Length is > 0 and { } length ? Math.Min(1, stream.Position / (double)length) : null);
    }
}

/// <summary>Data opened for one pass.</summary>
/// <param name="Source">Its records.</param>
/// <param name="Fraction">How much of it was read, 0 to 1; null when its length is unknown.</param>
public sealed record OpenedFile(IRecordSource Source, Func<double?> Fraction) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();
}
