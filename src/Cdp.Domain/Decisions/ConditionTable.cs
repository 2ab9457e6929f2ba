using Cdp.Domain.Expressions;

namespace Cdp.Domain.Decisions;

/// <summary>
/// The conditions of a set of actions, each text once: what many actions ask is evaluated once for a decision.
/// Immutable.
/// </summary>
internal sealed class ConditionTable
{
    private readonly CompiledExpression[] _conditions;
    private readonly Asked[] _asked;

    /// <summary>Makes the table of some actions.</summary>
    public ConditionTable(IReadOnlyList<CompiledAction> actions)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var conditions = new List<CompiledExpression>();
        _asked = [.. actions.Select(action => new Asked(action.Eligibility is { } eligibility ? PlaceOf(eligibility) : -1, [.. action.Rules.Select(PlaceOf)]))];
        _conditions = [.. conditions];

        int PlaceOf(CompiledExpression condition)
        {
            if (places.TryAdd(condition.Text, conditions.Count))
                conditions.Add(condition);
            return places[condition.Text];
        }
    }

    /// <summary>Number of different conditions: how many answers there are to remember.</summary>
    public int Count => _conditions.Length;

    /// <summary>What removes an action, of what its conditions ask.</summary>
    /// <param name="action">Its index.</param>
    /// <param name="subject">The customer, the time and the call.</param>
    /// <param name="answers">Of this subject, by condition; at first all <see cref="Answer.Unknown"/>.</param>
    public Removal Screen(int action, in Subject subject, Span<Answer> answers)
    {
        var (eligibility, rules) = _asked[action];
        for (int i = 0; i < rules.Length; i++)
        {
            if (Holds(rules[i], subject, answers))
                return (Removal)((int)Removal.FirstRule + i);
        }

        return eligibility < 0 || Holds(eligibility, subject, answers) ? Removal.None : Removal.Ineligible;
    }

    private bool Holds(int condition, in Subject subject, Span<Answer> answers)
    {
        if (answers[condition] == Answer.Unknown)
            answers[condition] = _conditions[condition].Evaluate(subject) == true ? Answer.Holds : Answer.HoldsNot;
        return answers[condition] == Answer.Holds;
    }

    private readonly record struct Asked(int Eligibility, int[] Rules);
}

/// <summary>What a condition came to; where data is missing it does not hold.</summary>
internal enum Answer : byte
{
    /// <summary>Not evaluated yet.</summary>
    Unknown,

    /// <summary>It is true.</summary>
    Holds,

    /// <summary>It is false, or data is missing.</summary>
    HoldsNot,
}
