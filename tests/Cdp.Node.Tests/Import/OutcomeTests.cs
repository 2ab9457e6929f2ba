using Cdp.Node.Import.Mapping;
using Cdp.V1;

namespace Cdp.Node.Tests.Import;

/// <summary>Lines that say what became of a decision.</summary>
public sealed class OutcomeTests
{
    private const string Mapping = """
        { "format": "csv", "currency": "EUR", "event": { "type": "Offer Answered", "identifiers": [{ "namespace": "user_id", "column": "user" }],
          "outcome": { "column": "decision", "action": { "column": "action" },
                       "kind": [{ "when": { "column": "paid", "empty": false }, "then": "converted" }, { "then": { "column": "answer" } }],
                       "value": { "column": "paid", "type": "money" } } } }
        """;

    [Fact]
    public async Task A_line_with_a_decision_becomes_an_event_that_carries_its_outcome()
    {
        using var run = new ImportRun();
        await run.TextAsync(Mapping, "user,decision,action,answer,paid\nu1,c1.1.1.0000000000000001,a,Accepted,\nu2,.0.1.0000000000000001,b,,12.50\nu3,,,,\nu4,c1.1.1.0000000000000001,a,5,\n");

        Assert.Equal(
            [
                new EventOutcome { DecisionId = "c1.1.1.0000000000000001", ActionId = "a", Kind = OutcomeKind.Accepted },
                new EventOutcome { DecisionId = ".0.1.0000000000000001", ActionId = "b", Kind = OutcomeKind.Converted, Value = new Money { Amount = "12.50", CurrencyCode = "EUR" } },
                null,
                new EventOutcome { DecisionId = "c1.1.1.0000000000000001", ActionId = "a" },
            ],
            run.Api.Events.OrderBy(e => e.Identifiers[0].Value, StringComparer.Ordinal).Select(e => e.Outcome));
    }

    [Fact]
    public async Task A_column_of_it_that_the_file_lacks_is_named()
    {
        using var run = new ImportRun();
        var error = await Assert.ThrowsAsync<MappingException>(() => run.TextAsync(Mapping, "user,decision,action,answer,amount\nu1,,,,\n"));
        Assert.StartsWith("$.event.outcome.kind[0].when.column: the file has no column \"paid\".", error.Message, StringComparison.Ordinal);
    }
}
