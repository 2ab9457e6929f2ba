using System.Globalization;
using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes actions, placements and decisions for people.</summary>
internal static class DecisionText
{
    private const string Nothing = "(nothing)";

    private static readonly (long Seconds, string Name)[] Units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

    public static string Write(IReadOnlyCollection<Cdp.V1.Action> actions)
    {
        if (actions.Count == 0)
            return "no actions\n";
        var table = new TextTable("id", ">version", ">value", "cap", "eligibility");
        foreach (var action in actions)
            table.Add(action.Id, ValueText.Of(action.Version), action.Value is { } value ? $"{value.Amount} {value.CurrencyCode}" : "1", CapOf(action.Cap), action.Eligibility);
        return Write(table);
    }

    public static string Write(IReadOnlyCollection<Placement> placements)
    {
        if (placements.Count == 0)
            return "no placements\n";
        var table = new TextTable("id", ">version", "channel", ">slots", "policy");
        foreach (var placement in placements)
        {
            table.Add(
                placement.Id, ValueText.Of(placement.Version), placement.Channel, ValueText.Of(Math.Max(1, placement.Slots)),
                placement.Policy == PlacementPolicy.Exploit ? "exploit" : "explore");
        }

        return Write(table);
    }

    public static string Write(DecideResponse decision)
    {
        var text = new StringBuilder();
        WriteTo(text, decision);
        return text.ToString();
    }

    public static string Write(ExplainDecisionResponse explained)
    {
        var text = new StringBuilder();
        WriteTo(text, explained.Decision);
        text.Append('\n');
        var facts = new TextTable("", "");
        facts.Add("placement", $"{explained.Placement}, version {ValueText.Of(explained.PlacementVersion)}");
        facts.Add("definitions", explained.DefinitionsVersion.ToString(CultureInfo.InvariantCulture));
        facts.Add("model", explained.ModelVersion.ToString(CultureInfo.InvariantCulture));
        facts.Add("seed", explained.Seed.ToString("x16", CultureInfo.InvariantCulture));
        facts.WriteTo(text);
        text.Append('\n');
        var table = new TextTable("candidate", ">score", ">expected", ">successes", ">trials", ">first with probability");
        foreach (var candidate in explained.Candidates)
        {
            table.Add(
                NameOf(candidate.ActionId), Number(candidate.Score), Number(candidate.Expected), Count(candidate.Successes), Count(candidate.Trials),
                candidate.HasPropensity ? candidate.Propensity.ToString("0.####", CultureInfo.InvariantCulture) : "");
        }

        table.WriteTo(text, "  ");
        return text.ToString();
    }

    private static void WriteTo(StringBuilder text, DecideResponse decision)
    {
        var facts = new TextTable("", "");
        facts.Add("decision", decision.DecisionId);
        facts.Add("customer", decision.CustomerId.Length > 0 ? decision.CustomerId : "(visitor)");
        if (decision.Status == ValueStatus.Stale)
            facts.Add("status", "stale: the customer is being folded again");
        facts.WriteTo(text);
        text.Append('\n');
        var ranked = new TextTable("ranked", ">score", ">expected", "why");
        foreach (var action in decision.Ranked)
            ranked.Add(NameOf(action.ActionId), Number(action.Score), Number(action.Expected), WhyOf(action));
        ranked.WriteTo(text, "  ");
        if (decision.Removed.Count == 0)
            return;
        text.Append('\n');
        var removed = new TextTable("removed", "rule", "");
        foreach (var action in decision.Removed)
            removed.Add(action.ActionId, action.Rule, action.Text);
        removed.WriteTo(text, "  ");
    }

    private static string WhyOf(RankedAction action)
    {
        var reasons = action.Reasons.Select(reason => $"{reason.Rule}: {reason.Text}");
        return string.Join("; ", action.Explored ? reasons.Prepend("explored") : reasons);
    }

    private static string NameOf(string action) => action.Length > 0 ? action : Nothing;

    private static string CapOf(ActionCap? cap) => cap switch
    {
        null => "",
        { PeriodSeconds: 0 } => string.Create(CultureInfo.InvariantCulture, $"{cap.MaxShown}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{cap.MaxShown} in {PeriodOf(cap.PeriodSeconds)}"),
    };

    /// <summary>In the largest unit that leaves nothing over.</summary>
    private static string PeriodOf(long seconds)
    {
        var (length, unit) = Units.First(unit => seconds % unit.Seconds == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / length:N0} {unit}");
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Write(TextTable table)
    {
        var text = new StringBuilder();
        table.WriteTo(text);
        return text.ToString();
    }
}
