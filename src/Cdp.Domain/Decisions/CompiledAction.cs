using System.Globalization;
using Cdp.Domain.Expressions;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;
using Evidence = Cdp.Domain.Learning.Evidence;

namespace Cdp.Domain.Decisions;

/// <summary>An action, ready to be decided about. Immutable; the messages it hands out are shared and never changed.</summary>
public sealed class CompiledAction
{
    private readonly RemovedAction?[] _removed = new RemovedAction?[(int)Removal.Consent + 1];

    /// <summary>Compiles a stored action.</summary>
    public CompiledAction(StoredAction stored)
    {
        Stored = stored;
        Number = stored.Number;
        IdHash = DecisionId.HashOf(Definition.Id);
        ValidFrom = Definition.ValidFrom?.UnixMicros ?? long.MinValue;
        ValidUntil = Definition.ValidUntil?.UnixMicros ?? long.MaxValue;
        Value = Amounts.ToDouble(Definition.Value) ?? 1;
        var problems = new List<string>();
        Rules = [.. Definition.Rules.Select(rule => Compile(rule.RemovedWhen, problems)).OfType<CompiledExpression>()];
        Eligibility = Definition.Eligibility.Length == 0 ? null : Compile(Definition.Eligibility, problems);
        Problem = string.Join('\n', problems);
        Reasons = [.. ReasonsOf(Definition)];
    }

    /// <summary>As it is stored. Never changed.</summary>
    public StoredAction Stored { get; }

    /// <summary>Its definition. Never changed.</summary>
    public Cdp.V1.Action Definition => Stored.Action;

    /// <summary>What customers and models call it; from 1.</summary>
    public uint Number { get; }

    /// <summary>By which outcomes name it.</summary>
    public ulong IdHash { get; }

    /// <summary>What a success is worth, in units of the tenant's currency.</summary>
    public double Value { get; }

    /// <summary>Why this version cannot offer it; else empty.</summary>
    public string Problem { get; }

    /// <summary>Parts of a profile that its conditions read.</summary>
    public IEnumerable<Facet> Facets => Rules.Append(Eligibility).SelectMany(condition => condition?.Facets ?? Enumerable.Empty<Facet>());

    /// <summary>Offered from here on, in microseconds since the epoch.</summary>
    internal long ValidFrom { get; }

    /// <summary>Not offered from here on.</summary>
    internal long ValidUntil { get; }

    /// <summary>What removes it where it is true, in the order of its definition.</summary>
    internal IReadOnlyList<CompiledExpression> Rules { get; }

    /// <summary>What has to be true; null: it is for everybody.</summary>
    internal CompiledExpression? Eligibility { get; }

    /// <summary>Why it may be ranked.</summary>
    internal RepeatedField<DecisionReason> Reasons { get; }

    /// <summary>The payload for a channel; null where there is none.</summary>
    public Payload? PayloadFor(string channel)
    {
        // By index: to enumerate makes an object, in every decision for each action that is ranked.
        var payloads = Definition.Payloads;
        for (int i = 0; i < payloads.Count; i++)
        {
            if (string.Equals(payloads[i].Channel, channel, StringComparison.Ordinal))
                return payloads[i];
        }

        return null;
    }

    /// <summary>What was seen of it before anybody was shown it here.</summary>
    internal Evidence Prior()
    {
        if (Definition.Prior is not { } prior)
            return default;
        var value = (Int128)Amounts.ToScaled(Definition.Value);
        return new Evidence(prior.Shown, prior.Succeeded, value * prior.Succeeded, value * value * prior.Succeeded);
    }

    /// <summary>What the time removes.</summary>
    internal Removal Screen(long nowMicros) => nowMicros < ValidFrom ? Removal.NotYetValid : nowMicros >= ValidUntil ? Removal.NoLongerValid : Removal.None;

    /// <summary>The removal as responses show it.</summary>
    internal RemovedAction Removed(Removal removal) => _removed[(int)removal] ??= Describe(removal);

    private static CompiledExpression? Compile(string text, List<string> problems)
    {
        var compiled = CompiledExpression.Compile(text, ExpressionUse.Decision, out var errors);
        problems.AddRange(errors.Select(error => error.ToString()));
        return compiled;
    }

    private static IEnumerable<DecisionReason> ReasonsOf(Cdp.V1.Action action)
    {
        if (action.Objective.Length > 0)
            yield return new DecisionReason { Rule = "objective", Text = action.Objective };
        if (action.Eligibility.Length > 0)
            yield return new DecisionReason { Rule = Removals.NameOf(Removal.Ineligible), Text = action.Eligibility };
        if (action.Cap is not null)
            yield return new DecisionReason { Rule = Removals.NameOf(Removal.Cap), Text = TextOf(action.Cap) };
    }

    private static string TextOf(ActionCap cap) => cap.PeriodSeconds == 0
        ? string.Create(CultureInfo.InvariantCulture, $"at most {cap.MaxShown} ever")
        : string.Create(CultureInfo.InvariantCulture, $"at most {cap.MaxShown} within {Moments.FormatDuration((Int128)cap.PeriodSeconds * 1_000_000)}");

    private RemovedAction Describe(Removal removal)
    {
        var rule = removal is >= Removal.FirstRule and < Removal.Placement ? Definition.Rules[removal - Removal.FirstRule] : null;
        return new RemovedAction
        {
            ActionId = Definition.Id,
            ActionVersion = Definition.Version,
            Rule = rule?.Name ?? Removals.NameOf(removal),
            Text = rule?.RemovedWhen ?? removal switch
            {
                Removal.NotYetValid => $"valid from {Moments.Format(ValidFrom)}",
                Removal.NoLongerValid => $"valid until {Moments.Format(ValidUntil)}",
                Removal.NoPayload => "no payload for the placement's channel",
                Removal.Purpose => "a condition reads what the purpose may not see",
                Removal.Consent when Definition.Purpose.Length > 0 => $"the customer does not allow \"{Definition.Purpose}\", or the purpose of the call",
                Removal.Consent => "the customer does not allow the purpose of the call, and a condition reads its data",
                Removal.Ineligible => Definition.Eligibility,
                Removal.Cap => TextOf(Definition.Cap),
                Removal.Unreadable => "this version cannot read one of its conditions; put the action again",
                _ => "none of the labels that the placement asks for",
            },
        };
    }
}
