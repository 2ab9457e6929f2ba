using System.Security.Cryptography;
using Cdp.Domain.Audit;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests.Audit;

/// <summary>A chain of blocks tells whether any of it was changed, taken out or put in.</summary>
public sealed class AuditChainTests
{
    [Fact]
    public void What_was_written_one_after_the_other_follows()
    {
        var chain = new AuditChain();
        foreach (var block in Blocks([3, 1, 2])) Assert.Null(chain.Add(block));
        Assert.Equal((3, 1, 6, 1), (chain.Blocks, chain.First, chain.Last, chain.OpenWriters));
        Assert.StartsWith("6:", chain.Head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_writer_that_ended_is_not_open()
    {
        var chain = new AuditChain();
        var blocks = Blocks([1, 1], (block, entries) => entries.Add(new AuditEntry { Kind = AuditKind.Writer, Outcome = (uint)(block + 1) }));
        Assert.Null(chain.Add(blocks[0]));
        Assert.Equal(1, chain.OpenWriters);
        Assert.Null(chain.Add(blocks[1]));
        Assert.Equal(0, chain.OpenWriters);
    }

    [Fact]
    public void The_rest_of_a_log_of_which_old_days_were_dropped_follows()
    {
        var chain = new AuditChain();
        foreach (var block in Blocks([3, 1, 2])[1..]) Assert.Null(chain.Add(block));
        Assert.Equal((4, 6), (chain.First, chain.Last));
    }

    /// <summary>Whatever one byte of a block becomes, either it or what follows is told to be wrong, or the head is another.</summary>
    [Fact]
    public void No_byte_can_be_changed_unseen() => Prop.ForAll(
        (from sizes in Gen.Choose(1, 4).NonEmptyListOf() from block in Gen.Choose(0, 100) from at in Gen.Choose(0, 1_000) from flip in Gen.Choose(1, 255) select (sizes, block, at, flip)).ToArbitrary(),
        made =>
        {
            var blocks = Blocks([.. made.sizes]);
            var head = HeadOf(blocks);
            var changed = blocks[made.block % blocks.Length] = [.. blocks[made.block % blocks.Length]];
            changed[made.at % changed.Length] ^= (byte)made.flip;
            return HeadOf(blocks) != head;
        }).QuickCheckThrowOnFailure();

    /// <summary>The same of whole blocks that are taken out, put in twice or change places.</summary>
    [Fact]
    public void No_block_can_be_moved_unseen() => Prop.ForAll(
        (from sizes in Gen.Choose(1, 4).NonEmptyListOf() from order in Gen.Choose(0, sizes.Count - 1).ListOf() select (sizes, order)).ToArbitrary(),
        made =>
        {
            var blocks = Blocks([.. made.sizes]);
            byte[][] moved = [.. made.order.Select(block => blocks[block])];

            // The end of the log, from any block on, is what is left when old days were dropped.
            return made.order.Count > 0 && made.order.SequenceEqual(Enumerable.Range(made.order[0], blocks.Length - made.order[0])) ? HeadOf(moved) == HeadOf(blocks) : HeadOf(moved) != HeadOf(blocks);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Records_say_what_their_entries_do()
    {
        var block = new AuditBlock
        {
            First = 7, At = 1_000, Texts = { "", "k1", "Profiles/GetProfile", "service", "traits.name,activity" },
            Entries = { new AuditEntry { Before = 400, Kind = AuditKind.Read, Actor = 1, Method = 2, Subject = "c1", Purpose = 3, Fields = 4 }, new AuditEntry { Kind = AuditKind.Act, Actor = 1 } },
        };
        AuditRecord[] expected =
        [
            new()
            {
                Number = 7, At = new Timestamp { UnixMicros = 600 }, Kind = AuditKind.Read, Actor = "k1", Method = "Profiles/GetProfile", Subject = "c1", Purpose = "service",
                Fields = { "traits.name", "activity" },
            },
            new() { Number = 8, At = new Timestamp { UnixMicros = 1_000 }, Kind = AuditKind.Act, Actor = "k1" },
        ];
        Assert.Equal(expected, AuditRecords.Of(block));
    }

    private static string? HeadOf(byte[][] blocks)
    {
        var chain = new AuditChain();
        return Array.TrueForAll(blocks, block => chain.Add(block) is null) ? chain.Head : null;
    }

    private static byte[][] Blocks(int[] sizes, Action<int, Google.Protobuf.Collections.RepeatedField<AuditEntry>>? entries = null)
    {
        var (blocks, first, previous) = (new List<byte[]>(), 1L, ByteString.Empty);
        foreach (var size in sizes)
        {
            var block = new AuditBlock { Previous = previous, First = first, At = 1_000 + first, Writer = "w", Batch = blocks.Count + 1, Texts = { "k1", AuditRecords.Began, AuditRecords.Ended } };
            if (entries is not null) entries(blocks.Count, block.Entries);
            for (var i = block.Entries.Count; i < size; i++) block.Entries.Add(new AuditEntry { Before = i, Kind = blocks.Count == 0 && i == 0 ? AuditKind.Writer : AuditKind.Read, Subject = $"c{i}", Outcome = 1 });
            blocks.Add(block.ToByteArray());
            (first, previous) = (first + block.Entries.Count, ByteString.CopyFrom(SHA256.HashData(blocks[^1])));
        }

        return [.. blocks];
    }
}
