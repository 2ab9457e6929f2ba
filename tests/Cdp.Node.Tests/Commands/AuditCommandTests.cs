using System.Security.Cryptography;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Tests.Commands;

/// <summary><c>cdp audit</c>.</summary>
public sealed class AuditCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_list_says_who_did_what_to_whom()
    {
        ListAuditRecordsRequest? asked = null;
        _cdp.Api.AuditPage = request =>
        {
            asked = request.Clone();
            return new ListAuditRecordsResponse
            {
                Records =
                {
                    new AuditRecord { Number = 7, At = new Timestamp { UnixMicros = 1_000_000 }, Kind = AuditKind.Read, Actor = "k1", Method = "Profiles/GetProfile", Subject = "c1", Purpose = "service", Fields = { "traits.name", "activity" } },
                    new AuditRecord { Number = 8, At = new Timestamp { UnixMicros = 2_000_000 }, Kind = AuditKind.ActFailed, Actor = "k1", Method = "Segments/PutSegment", Subject = "vip", Outcome = "EXPRESSION_INVALID" },
                },
            };
        };
        Assert.Equal(0, await _cdp.RunAsync("audit", "list", "--subject", "c1", "--actor", "k1", "--acts"));
        Assert.Equal(new ListAuditRecordsRequest { Subject = "c1", Actor = "k1", Kind = AuditKind.Act, PageSize = 100 }, asked);
        Assert.Equal(
            """
            number  at                          who  what                 whom or what  purpose  fields
            7       1970-01-01 00:00:01 +00:00  k1   Profiles/GetProfile  c1            service  traits.name activity
            8       1970-01-01 00:00:02 +00:00  k1   Segments/PutSegment  vip                                          failed: EXPRESSION_INVALID

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task A_chain_that_holds_is_told_with_its_head_and_a_head_that_was_kept_is_looked_for()
    {
        _cdp.Api.AuditBlocks.AddRange(Blocks());
        Assert.Equal(0, await _cdp.RunAsync("audit", "verify"));
        var head = _cdp.Out.Split("head ")[1].Trim();
        Assert.StartsWith("records 1 to 3 in 3 blocks follow from each other\n", _cdp.Out, StringComparison.Ordinal);

        _cdp.Api.AuditBlocks.Add(Next(_cdp.Api.AuditBlocks));
        Assert.Equal(0, await _cdp.RunAsync("audit", "verify", "--head", head));
        Assert.Equal(1, await _cdp.RunAsync("audit", "verify", "--head", $"3:{new string('0', 64)}"));
        Assert.Contains("is not among its 4 blocks", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chain_that_was_changed_ends_with_1_and_the_place()
    {
        _cdp.Api.AuditBlocks.AddRange(Blocks());
        _cdp.Api.AuditBlocks.RemoveAt(1);
        Assert.Equal(1, await _cdp.RunAsync("audit", "verify"));
        Assert.Contains("behind record 1 does not follow", _cdp.Error, StringComparison.Ordinal);
    }

    private static List<ByteString> Blocks()
    {
        var blocks = new List<ByteString>();
        for (var i = 0; i < 3; i++) blocks.Add(Next(blocks));
        return blocks;
    }

    private static ByteString Next(List<ByteString> blocks)
    {
        var previous = blocks.Count == 0 ? ByteString.Empty : ByteString.CopyFrom(SHA256.HashData(blocks[^1].Span));
        return new AuditBlock { Previous = previous, First = blocks.Count + 1, Writer = "w", Texts = { "" }, Entries = { new AuditEntry { Kind = AuditKind.Read } } }.ToByteString();
    }
}
