using Cdp.V1;

namespace Cdp.Domain.Audit;

/// <summary>The records of a block.</summary>
public static class AuditRecords
{
    /// <summary>Outcome of the record with which a writer begins.</summary>
    public const string Began = "BEGAN";

    /// <summary>Outcome of the record with which a writer ends.</summary>
    public const string Ended = "ENDED";

    /// <summary>Longest subject, in characters; what is longer is cut.</summary>
    public const int MaxSubject = 128;

    /// <summary>The records of a block, in order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An entry names a text that the block does not have.</exception>
    public static IEnumerable<AuditRecord> Of(AuditBlock block)
    {
        for (var i = 0; i < block.Entries.Count; i++)
        {
            var entry = block.Entries[i];
            var record = new AuditRecord
            {
                Number = block.First + i,
                At = new Timestamp { UnixMicros = block.At - entry.Before },
                Kind = entry.Kind,
                Actor = block.Texts[(int)entry.Actor],
                Method = block.Texts[(int)entry.Method],
                Subject = entry.Subject,
                Purpose = block.Texts[(int)entry.Purpose],
                Outcome = block.Texts[(int)entry.Outcome],
            };
            record.Fields.Add(block.Texts[(int)entry.Fields].Split(',', StringSplitOptions.RemoveEmptyEntries));
            yield return record;
        }
    }
}
