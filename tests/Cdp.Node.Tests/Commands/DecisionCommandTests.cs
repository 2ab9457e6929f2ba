using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class DecisionCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task Actions_of_a_file_are_put_and_one_that_is_refused_does_not_keep_the_others_out()
    {
        _cdp.Api.PutAction = request => request.Action.Id == "bad"
            ? throw new CdpApiException(CdpStatus.InvalidArgument, "action.id: no", "FIELD_INVALID")
            : new PutActionResponse { Action = new Cdp.V1.Action(request.Action) { Version = 2 } };
        _cdp.Input = """
            {"id": "a", "eligibility": "orders.count >= 1", "value": {"amount": "4.50", "currencyCode": "EUR"}, "cap": {"maxShown": 3, "periodSeconds": "86400"}}
            {"id": "bad"}
            {"id": "b", "cap": {"maxShown": 1, "periodSeconds": "5400"}}
            {"id": "c", "cap": {"maxShown": 2, "periodSeconds": "61"}}
            {"id": "d", "cap": {"maxShown": 9}}
            """;

        Assert.Equal(1, await _cdp.RunAsync("action", "put", "--file", "-"));

        Assert.Equal(
            """
            id  version     value  cap          eligibility
            a         2  4.50 EUR  3 in 1 d     orders.count >= 1
            b         2         1  1 in 90 min
            c         2         1  2 in 61 s
            d         2         1  9

            """,
            _cdp.Out);
        Assert.Equal("cdp: bad: FIELD_INVALID action.id: no\n", _cdp.Error);
        Assert.Equal(2, await _cdp.RunAsync("action", "put"));
        Assert.Contains("--file", _cdp.Error, StringComparison.Ordinal);
        _cdp.Input = "nonsense";
        Assert.Equal(1, await _cdp.RunAsync("action", "put", "--file", "-"));
        Assert.Contains("line 1 is not an action in JSON", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_is_asked_for_whom_the_arguments_name_and_shown()
    {
        DecideRequest? asked = null;
        _cdp.Api.Decide = request =>
        {
            asked = request;
            return new DecideResponse
            {
                DecisionId = ".0.1.2",
                Ranked =
                {
                    new RankedAction { ActionId = "a", Score = 0.25, Expected = 0.125, Explored = true, Reasons = { new DecisionReason { Rule = "objective", Text = "retention" } } },
                    new RankedAction(),
                },
                Removed = { new RemovedAction { ActionId = "promotion", Rule = "open_complaint", Text = "traits.complaint == \"open\"" } },
            };
        };

        Assert.Equal(0, await _cdp.RunAsync("decide", "home", "email:ann@example.org", "--context", """{"hour": {"intValue": "22"}}""", "--dry-run", "--after", "t"));

        Assert.Equal(
            """
            decision  .0.1.2
            customer  (visitor)

              ranked     score  expected  why
              a           0.25     0.125  explored; objective: retention
              (nothing)      0         0

              removed    rule
              promotion  open_complaint  traits.complaint == "open"

            """,
            _cdp.Out);
        Assert.Equal(
            new DecideRequest
            {
                Placement = "home",
                Mode = DecisionMode.DryRun,
                Consistency = DecisionConsistency.Async,
                AfterToken = "t",
                Identifiers = { new Identifier { Namespace = "email", Value = "ann@example.org" } },
                Context = { ["hour"] = new Value { IntValue = 22 } },
            },
            asked);
        Assert.Equal(1, await _cdp.RunAsync("decide", "home", "--context", "no"));
        Assert.Contains("--context", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_shows_all_that_competed()
    {
        _cdp.Api.Receipt = request => new ExplainDecisionResponse
        {
            Decision = new DecideResponse { DecisionId = request.DecisionId, CustomerId = "c1", Ranked = { new RankedAction { ActionId = "a", Score = 0.5, Expected = 0.5 } } },
            Placement = "home",
            PlacementVersion = 3,
            DefinitionsVersion = 12,
            ModelVersion = 1_024,
            Seed = 255,
            Candidates = { new DecisionCandidate { ActionId = "a", Score = 0.5, Expected = 0.5, Successes = 2, Trials = 4, Propensity = 0.75 }, new DecisionCandidate() },
        };

        Assert.Equal(0, await _cdp.RunAsync("why", "c1.1.1.2"));

        Assert.Equal(
            """
            decision  c1.1.1.2
            customer  c1

              ranked  score  expected  why
              a         0.5       0.5

            placement    home, version 3
            definitions  12
            model        1024
            seed         00000000000000ff

              candidate  score  expected  successes  trials  first with probability
              a            0.5       0.5          2       4                    0.75
              (nothing)      0         0          0       0

            """,
            _cdp.Out);
    }
}
