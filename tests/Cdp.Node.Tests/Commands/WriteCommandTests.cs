using System.Text.Json;
using Cdp.Node.Api;
using Cdp.Node.Tests.Retail;
using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class WriteCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task Keys_are_created_listed_and_revoked()
    {
        Assert.Equal(0, await _cdp.RunAsync("keys", "create", "--role", "writer", "--role", "reader", "--source", "shop", "--purpose", "service", "--description", "the shop"));
        Assert.Equal(
            """
            id      k1
            roles   writer,reader
            secret  secret-k1
            The secret is not shown again: keep it now, e.g. in CDP_KEY or a file for --key-file.

            """,
            _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("keys", "revoke", "k1"));
        Assert.Equal(0, await _cdp.RunAsync("keys", "list"));
        Assert.Equal(
            """
            id  roles          source  purpose  publishes only  a second    age  expires  rotated  former secret until  revoked            description
            k1  writer,reader  shop    service                            5537d                                         2010-12-01 08:26Z  the shop

            """,
            _cdp.Out);
        Assert.Equal(1, await _cdp.RunAsync("keys", "revoke", "k2"));
        Assert.Equal("cdp: There is no such thing; check its name. [NOT_FOUND]\n", _cdp.Error);
    }

    [Fact]
    public async Task Keys_are_limited_and_rotated()
    {
        Assert.Equal(0, await _cdp.RunAsync(
            "keys", "create", "--role", "writer", "--source", "shop", "--source-bound", "--channel", "web", "--channel", "app", "--event-type", "Order Completed", "--expires-in", "90d", "--rate", "1000", "--event-rate", "50"));
        Assert.Equal(
            """
            id              k1
            roles           writer
            publishes only  source shop; channel web, app; type Order Completed
            a second        1,000 calls, 50 events
            expires         2026-04-15 12:00Z
            secret          secret-k1
            The secret is not shown again: keep it now, e.g. in CDP_KEY or a file for --key-file.

            """,
            _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("keys", "rotate", "k1", "--overlap", "12h"));
        Assert.Contains("former secret until  2010-11-29 15:06Z\n", _cdp.Out, StringComparison.Ordinal);
        Assert.Contains("secret               new-k1\n", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cdp.RunAsync("keys", "rotate", "k1", "--overlap", "0s"));
        Assert.DoesNotContain("until", _cdp.Out, StringComparison.Ordinal);
        foreach (var wrong in (string[])["12", "d", "-1d", "1.5h", "40000d", "1w"])
        {
            Assert.Equal(2, await _cdp.RunAsync("keys", "rotate", "k1", "--overlap", wrong));
            Assert.Contains($"--overlap: '{wrong}' is no length of time", _cdp.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Publishing_names_every_refused_line()
    {
        _cdp.Input = """
            {"id":"1","type":"Seen","identifiers":[{"namespace":"user_id","value":"a"}]}
            {"id":"2","type":"Seen","color":"red"}

            {"id":"3","type":"Seen","identifiers":[{"namespace":"user_id","value":"b"}]}
            """;
        _cdp.Api.Judge = e => e.Id == "3" ? new RefusedEvent { Reason = "IDENTIFIER_BLOCKED", Field = "identifiers[0].value", Message = "b is nobody." } : null;
        Assert.Equal(1, await _cdp.RunAsync("publish", "-"));
        Assert.Equal("accepted  1\nrefused   2\ntoken     token-1\n", _cdp.Out);
        var errors = _cdp.Error.Split('\n');
        Assert.StartsWith("line 2: UNREADABLE_LINE: The line is not an event in JSON:", errors[0], StringComparison.Ordinal);
        Assert.Contains("color", errors[0], StringComparison.Ordinal);
        Assert.Equal("line 4: IDENTIFIER_BLOCKED identifiers[0].value: b is nobody.", errors[1]);
        Assert.Equal("1", Assert.Single(_cdp.Api.Events).Id);
    }

    [Fact]
    public async Task An_event_that_carries_an_outcome_is_published_as_it_is()
    {
        _cdp.Input = """
            {"id":"1","type":"Seen","identifiers":[{"namespace":"user_id","value":"a"}],"outcome":{"decisionId":".0.1.0000000000000001","actionId":"a","kind":"OUTCOME_KIND_CONVERTED","value":{"amount":"4.5","currencyCode":"EUR"}}}
            """;
        Assert.Equal(0, await _cdp.RunAsync("publish", "-"));
        Assert.Equal(
            new EventOutcome { DecisionId = ".0.1.0000000000000001", ActionId = "a", Kind = OutcomeKind.Converted, Value = new Money { Amount = "4.5", CurrencyCode = "EUR" } },
            Assert.Single(_cdp.Api.Events).Outcome);
    }

    [Fact]
    public async Task Publishing_everything_ends_with_0()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("events.jsonl", """{"id":"1","type":"Seen","identifiers":[{"namespace":"user_id","value":"a"}]}""");
        Assert.Equal(0, await _cdp.RunAsync("publish", file, "--json"));
        using var json = JsonDocument.Parse(_cdp.Out);
        Assert.Equal(1, json.RootElement.GetProperty("accepted").GetInt64());
        Assert.Equal("token-1", json.RootElement.GetProperty("token").GetString());
    }

    [Fact]
    public async Task An_import_prints_what_became_of_every_line()
    {
        using var folder = new TemporaryFolder();
        var csv = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            + "1,A,a,1,2010-12-01 08:26:00,2.50,17850,France\n"
            + "1,B,b,2,2010-12-01 08:26:00,2.50,17850,France\n"
            + "2,A,a,one,2010-12-01 08:26:00,2.50,17850,France\n";
        var file = folder.Write("shop.csv", csv);
        Assert.Equal(0, await _cdp.RunAsync("import", file, "--mapping", Repository.RetailMapping));
        Assert.Equal(
            $"""
            lines      3  in 0.0 s, 0/s
            accepted   2  as 1 events; those the server had already count once
            duplicate  0
            rejected   1  {file}.rejects.csv
                       1  BAD_NUMBER
            token      token-1

            """,
            _cdp.Out);
        Assert.Equal(["shop.csv", "shop.csv.rejects.csv"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_interrupted_import_goes_on_with_the_same_command()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("shop.csv", RetailTwin.Make(3, 50));
        string[] command = ["import", file, "--mapping", Repository.RetailMapping, "--batch", "5", "--json", "--state", folder.File("state")];
        _cdp.Api.BeforePublish = (call, _) => call == 6 ? throw new CdpApiException(CdpStatus.Unauthenticated, "The key was revoked; use another.") : Task.CompletedTask;
        Assert.Equal(1, await _cdp.RunAsync(command));
        Assert.Contains("cdp: The key was revoked; use another.", _cdp.Error, StringComparison.Ordinal);
        _cdp.Api.BeforePublish = (_, _) => Task.CompletedTask;
        Assert.Equal(0, await _cdp.RunAsync(command));
        using var json = JsonDocument.Parse(_cdp.Out);
        Assert.True(json.RootElement.GetProperty("resumed_at_line").GetInt64() > 0);
        Assert.Equal(50, json.RootElement.GetProperty("events_accepted").GetInt64());
        Assert.Equal(50, _cdp.Api.Events.Count);
        Assert.StartsWith("going on after ", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_standard_input_is_imported_without_keeping_progress()
    {
        using var folder = new TemporaryFolder();
        _cdp.Input = RetailTwin.Make(3, 5);
        Assert.Equal(0, await _cdp.RunAsync("import", "-", "--mapping", Repository.RetailMapping, "--state", folder.Path));
        Assert.Equal(5, _cdp.Api.Events.Count);
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Equal(1, await _cdp.RunAsync("import", "-", "--mapping", Repository.RetailMapping, "--state", folder.Path, "--shift-to-now"));
        Assert.Contains("write it to a file first", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_files_is_said_in_one_line()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(1, await _cdp.RunAsync("import", folder.File("none.csv"), "--mapping", Repository.RetailMapping));
        Assert.Equal($"cdp: There is no file {folder.File("none.csv")}; check the path, or write - for the standard input.\n", _cdp.Error);
        var file = folder.Write("shop.csv", "Invoice,Country\n");
        Assert.Equal(1, await _cdp.RunAsync("import", file, "--mapping", Repository.RetailMapping));
        Assert.Equal("cdp: the mapping is wrong: $.group_by.columns[0]: the file has no column \"InvoiceNo\". Did you mean \"Invoice\"?\n", _cdp.Error);
    }
}
