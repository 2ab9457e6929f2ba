using System.Runtime.InteropServices;
using Cdp.Domain.Learning;

namespace Cdp.Domain.Decisions;

/// <summary>A place in a ranking.</summary>
/// <param name="Index">Of the action in its set; -1: doing nothing.</param>
/// <param name="Score">What it is ranked by.</param>
/// <param name="Explored">Whether it goes before one that is expected to bring more.</param>
internal readonly record struct Rank(int Index, double Score, bool Explored);

/// <summary>
/// Arbitration: of the actions that compete, those with the highest score, best first; equal ones by id. An action whose
/// score is no higher than doing nothing is not ranked, and doing nothing takes the place after the last that is.
/// </summary>
internal sealed class Ranking
{
    /// <summary>Doing nothing, in <see cref="Rank.Index"/>.</summary>
    public const int Nothing = -1;

    private const int MostOnStack = 2_048;

    private readonly List<Rank> _ranks = [];

    private Ranking()
    {
    }

    /// <summary>The ranks, best first.</summary>
    public ReadOnlySpan<Rank> Ranks => CollectionsMarshal.AsSpan(_ranks);

    /// <summary>Actions that competed and are not ranked.</summary>
    public int Outranked { get; private set; }

    /// <summary>Ranks what competes.</summary>
    /// <param name="model">The beliefs.</param>
    /// <param name="removals">What removed each action, in the order of the set.</param>
    /// <param name="explores">Whether scores are drawn at random; else they are what is expected.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="slots">Most ranks, at least 1.</param>
    public static Ranking Of(PlacementModel model, ReadOnlySpan<Removal> removals, bool explores, ulong seed, int slots)
    {
        var ranking = new Ranking();
        var ranks = ranking._ranks;
        var scores = removals.Length <= MostOnStack ? stackalloc double[removals.Length] : new double[removals.Length];
        Score(model, removals, explores, seed, scores);
        int competing = 0;
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] != Removal.None)
                continue;
            competing++;
            if (scores[i] > model.Placement.Floor && (ranks.Count < slots || scores[i] > ranks[^1].Score))
                Insert(ranks, new Rank(i, scores[i], false), slots);
        }

        ranking.Outranked = competing - ranks.Count;
        if (explores)
            MarkExplored(model, removals, ranks);
        if (ranks.Count < slots)
            ranks.Add(new Rank(Nothing, model.Placement.Floor, false));
        return ranking;
    }

    /// <summary>The scores of what competes. The order of the draws is part of what is drawn: all that compete draw, by id.</summary>
    public static void Score(PlacementModel model, ReadOnlySpan<Removal> removals, bool explores, ulong seed, Span<double> scores)
    {
        var random = new SeededRandom(seed);
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] == Removal.None)
                scores[i] = explores ? model.Beliefs[i].Sample(ref random) * model.Scales[i] : model.Expected[i];
        }
    }

    private static void Insert(List<Rank> ranks, Rank rank, int slots)
    {
        int at = ranks.Count;
        while (at > 0 && ranks[at - 1].Score < rank.Score)
            at--;
        ranks.Insert(at, rank);
        if (ranks.Count > slots)
            ranks.RemoveAt(slots);
    }

    private static bool IsRanked(List<Rank> ranks, int index)
    {
        foreach (var rank in ranks)
        {
            if (rank.Index == index)
                return true;
        }

        return false;
    }

    private static void MarkExplored(PlacementModel model, ReadOnlySpan<Removal> removals, List<Rank> ranks)
    {
        double behind = double.NegativeInfinity;
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] == Removal.None && model.Expected[i] > behind && !IsRanked(ranks, i))
                behind = model.Expected[i];
        }

        for (int at = ranks.Count - 1; at >= 0; at--)
        {
            double expected = model.Expected[ranks[at].Index];
            if (expected < behind)
                ranks[at] = ranks[at] with { Explored = true };
            behind = Math.Max(behind, expected);
        }
    }
}
