using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Tests.Commands;

public sealed class PrivacyCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();
    private readonly List<EraseCustomerRequest> _erased = [];

    public PrivacyCommandTests()
    {
        _cdp.Api.EraseCustomer = request =>
        {
            _erased.Add(request);
            var receipt = new ErasureReceipt
            {
                Id = "0f0f", CustomerIds = { "c1", "c2" }, RequestedAt = new Timestamp { UnixMicros = 1 }, ErasedAt = new Timestamp { UnixMicros = 2 }, RequestedBy = "key-1", Reason = request.Reason,
                Places = { new ErasedPlace { Place = "log", Items = 1_204 }, new ErasedPlace { Place = "segments", Items = 2, Left = "a number" } },
            };
            return new EraseCustomerResponse { Receipt = receipt, Signature = ByteString.CopyFrom(1, 2, 3) };
        };
        _cdp.Api.ExportCustomer = _ =>
        [
            new ExportCustomerResponse
            {
                Profile = new Profile
                {
                    CustomerId = "c1",
                    Identifiers = { new ProfileIdentifier { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" } } },
                    Traits = { new Trait { Name = "motto", Value = new Value { StringValue = "<b>\"live\"</b>" }, Source = "crm" } },
                },
            },
            new ExportCustomerResponse { Event = new CustomerEvent { Event = new Event { Type = "Product Viewed", Channel = "web" } } },
            new ExportCustomerResponse { Event = new CustomerEvent { Event = new Event { Type = "Order Completed", Channel = "store" } } },
        ];
    }

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task Nothing_is_erased_by_mistake()
    {
        Assert.Equal(1, await _cdp.RunAsync("erase", "email:ann@example.org"));
        Assert.Contains("--yes", _cdp.Error, StringComparison.Ordinal);
        Assert.Empty(_erased);
    }

    [Fact]
    public async Task The_receipt_of_an_erasure_is_shown()
    {
        Assert.Equal(0, await _cdp.RunAsync("erase", "email:ann@example.org", "--reason", "4711", "--yes"));
        Assert.Equal(new EraseCustomerRequest { Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" } }, Reason = "4711" }, Assert.Single(_erased));
        Assert.Equal(
            """
            receipt    0f0f
            customer   c1, c2
            requested  1970-01-01 00:00:00.000001 +00:00
            erased     1970-01-01 00:00:00.000002 +00:00
            by key     key-1
            reason     4711
            signature  AQID

            ERASED
              where     items  what is left
              log       1,204  nothing
              segments      2  a number

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task An_export_is_one_line_for_each_thing_that_is_held()
    {
        Assert.Equal(0, await _cdp.RunAsync("export", "c1"));
        var lines = _cdp.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal("Order Completed", ExportCustomerResponse.Parser.ParseJson(lines[2]).Event.Event.Type);
    }

    [Fact]
    public async Task Or_a_page_that_shows_it_all_and_runs_nothing_of_it()
    {
        Assert.Equal(0, await _cdp.RunAsync("export", "c1", "--page"));
        Assert.StartsWith("<!doctype html>", _cdp.Out, StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", _cdp.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;&quot;live&quot;&lt;/b&gt;", _cdp.Out, StringComparison.Ordinal);
        Assert.Contains("ann@example.org", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(1, _cdp.Out.Split("<h2>Everything that was recorded</h2>").Length - 1);
        Assert.Contains("<td>Order Completed</td>", _cdp.Out, StringComparison.Ordinal);
    }
}
