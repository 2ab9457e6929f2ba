using System.Globalization;
using System.Security.Cryptography;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Audit;

/// <summary>
/// Verifies an audit log, block by block from the oldest on: each names the SHA-256 of the one before (FIPS 180-4), so that none can
/// be changed, taken out or put in unless all behind it are made anew; and then the head is another.
/// </summary>
public sealed class AuditChain
{
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private byte[]? _head;

    /// <summary>Blocks that were taken in.</summary>
    public long Blocks { get; private set; }

    /// <summary>Number of the first record; 0: there is none.</summary>
    public long First { get; private set; }

    /// <summary>Number of the last record.</summary>
    public long Last { get; private set; }

    /// <summary>Number of the last record and hash of the last block, "NUMBER:HEX"; who kept it can tell later that what is before was not made anew.</summary>
    public string Head => _head is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{Last}:{Convert.ToHexStringLower(_head)}");

    /// <summary>Writers that began and have not ended: they write, or were lost.</summary>
    public int OpenWriters => _open.Count;

    /// <summary>Takes the next block in.</summary>
    /// <param name="bytes">The block as it is kept.</param>
    /// <returns>What is wrong with it; null: nothing, and it counts.</returns>
    public string? Add(ReadOnlySpan<byte> bytes)
    {
        AuditBlock block;
        try
        {
            block = AuditBlock.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return Wrong("cannot be read");
        }

        if (_head is null ? block.First == 1 && !block.Previous.IsEmpty : !block.Previous.Span.SequenceEqual(_head))
            return Wrong("does not follow from the one before: that one was changed, or one between them is missing");
        if (block.Entries.Count == 0 || block.First < 1 || (Blocks > 0 && block.First != Last + 1)) return Wrong($"begins with record {block.First}, and not with the next");
        if (block.Entries.Any(entry => new[] { entry.Actor, entry.Method, entry.Purpose, entry.Fields, entry.Outcome }.Any(text => text >= block.Texts.Count)))
            return Wrong("names texts that it does not have");
        if (Blocks++ == 0) First = block.First;
        Last = block.First + block.Entries.Count - 1;
        _head = SHA256.HashData(bytes);
        Follow(block);
        return null;
    }

    private void Follow(AuditBlock block)
    {
        foreach (var entry in block.Entries.Where(entry => entry.Kind == AuditKind.Writer))
        {
            if (block.Texts[(int)entry.Outcome] == AuditRecords.Ended) _open.Remove(block.Writer);
            else _open.Add(block.Writer);
        }
    }

    private string Wrong(string what) => string.Create(CultureInfo.InvariantCulture, $"The block behind record {Last} {what}.");
}
