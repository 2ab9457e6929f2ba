using System.IO.Hashing;
using Cdp.Domain.Learning;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Domain.Decisions;

/// <summary>A replayed decision.</summary>
/// <param name="Response">The answer, computed again.</param>
/// <param name="Encoded">Its bytes.</param>
/// <param name="IsExact">Whether they are the bytes that were answered.</param>
public sealed record ReplayedDecision(DecideResponse Response, ReadOnlyMemory<byte> Encoded, bool IsExact);

/// <summary>
/// The entry of a decision and the way back from it: ranking and response are computed from the entry, when it is made as
/// when it is replayed, under the versions of definitions and model that it names.
/// </summary>
public static class Receipt
{
    /// <summary>Version of the rules by which a response follows from an entry.</summary>
    public const int Format = 1;

    /// <summary>Computes the answer again.</summary>
    /// <param name="entry">The decision's entry.</param>
    /// <param name="customerId">In whose history it stands; empty for a visitor.</param>
    /// <param name="model">The placement under the versions that the entry names.</param>
    /// <exception cref="ArgumentException">The model is of other versions or another placement, or the entry of a later format.</exception>
    public static ReplayedDecision Replay(DecisionEntry entry, string customerId, PlacementModel model)
    {
        Check(entry, model);
        var removals = RemovalsOf(entry, model);
        var response = Render(model, entry, customerId, removals, RankingOf(entry, model, removals));
        var encoded = response.ToByteArray();
        return new ReplayedDecision(response, encoded, XxHash64.HashToUInt64(encoded) == entry.Digest);
    }

    /// <summary>All that competed, best first, doing nothing among them, with the probability of each to come first.</summary>
    /// <param name="entry">The decision's entry.</param>
    /// <param name="model">The placement under the versions that the entry names.</param>
    /// <exception cref="ArgumentException">As for <see cref="Replay"/>.</exception>
    public static IReadOnlyList<DecisionCandidate> Candidates(DecisionEntry entry, PlacementModel model)
    {
        Check(entry, model);
        var removals = RemovalsOf(entry, model);
        bool explores = model.Placement.Explores(entry.Mode);
        var scores = new double[removals.Length];
        Ranking.Score(model, removals, explores, entry.Seed, scores);
        var propensities = Propensities(model, removals, explores);

        // Doing nothing goes before what is worth as much.
        return
        [
            .. Enumerable.Range(0, removals.Length).Where(i => removals[i] == Removal.None).Select(i => (Index: i, Score: scores[i]))
                .Prepend((Index: Ranking.Nothing, Score: model.Placement.Floor))
                .OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Index)
                .Select(candidate => Describe(model, candidate.Index, candidate.Score, propensities)),
        ];
    }

    /// <summary>Fills in what follows from the ranking, and answers.</summary>
    /// <param name="model">The placement.</param>
    /// <param name="entry">The entry up to the seed and the caller's wishes; completed and given away.</param>
    /// <param name="customerId">The customer's; empty for a visitor.</param>
    /// <param name="removals">What removed each action.</param>
    internal static Decision Write(PlacementModel model, DecisionEntry entry, string customerId, ReadOnlySpan<Removal> removals)
    {
        entry.Format = Format;
        entry.Removals = UnsafeByteOperations.UnsafeWrap(Removals.Pack(removals));
        entry.NoConsent = UnsafeByteOperations.UnsafeWrap(Removals.PackConsent(removals));
        entry.Success = model.Placement.Success;
        var ranking = RankingOf(entry, model, removals);
        bool isCapped = false;
        foreach (var rank in ranking.Ranks)
        {
            var action = rank.Index == Ranking.Nothing ? null : model.Set.Actions[rank.Index];
            var offer = new DecisionOffer { Action = action?.Number ?? 0, ActionId = action?.IdHash ?? 0 };
            if (action?.Definition.Cap is { } cap)
            {
                offer.CapPeriodSeconds = cap.PeriodSeconds;
                isCapped = true;
            }

            entry.Offers.Add(offer);
        }

        // A visitor without a customer has nothing in which a reservation could stand.
        if (isCapped && entry.Mode != DecisionMode.DryRun && customerId.Length > 0)
        {
            entry.ReservedUntil = entry.At + model.Placement.ReservationMicros;
            entry.Consistency = DecisionConsistency.Sync;
        }

        var response = Render(model, entry, customerId, removals, ranking);
        var encoded = response.ToByteArray();
        entry.Digest = XxHash64.HashToUInt64(encoded);
        return new Decision(entry, response, encoded);
    }

    private static void Check(DecisionEntry entry, PlacementModel model)
    {
        if (entry.Format != Format)
            throw new ArgumentException($"The entry is of format {entry.Format}; this version replays {Format}.", nameof(entry));
        if (model.Set.Version != entry.Definitions || model.Version != entry.Model || model.Placement.Number != entry.Placement)
            throw new ArgumentException("The model is not the one under which it was decided.", nameof(model));
    }

    private static Removal[] RemovalsOf(DecisionEntry entry, PlacementModel model)
    {
        var removals = new Removal[model.Set.Actions.Count];
        Removals.Unpack(entry.Removals.Span, entry.NoConsent.Span, removals);
        return removals;
    }

    private static Ranking RankingOf(DecisionEntry entry, PlacementModel model, ReadOnlySpan<Removal> removals) =>
        Ranking.Of(model, removals, model.Placement.Explores(entry.Mode), entry.Seed, entry.Slots);

    private static DecideResponse Render(PlacementModel model, DecisionEntry entry, string customerId, ReadOnlySpan<Removal> removals, Ranking ranking)
    {
        var response = new DecideResponse
        {
            DecisionId = entry.Id,
            CustomerId = customerId,
            DecidedAt = new Timestamp { UnixMicros = entry.At },
            Outranked = ranking.Outranked,
            Mode = entry.Mode,
            Consistency = entry.Consistency,
            Status = entry.Stale ? ValueStatus.Stale : ValueStatus.Ok,
        };
        foreach (var rank in ranking.Ranks)
            response.Ranked.Add(Render(model, entry, rank));
        if (entry.WithPropensity)
            AddPropensity(response.Ranked[0], model, removals, model.Placement.Explores(entry.Mode), ranking.Ranks[0].Index);
        if (ranking.Ranks[0].Index == Ranking.Nothing)
            response.Fallback = model.Placement.Definition.Fallback;
        for (int i = 0; i < removals.Length && !entry.OmitRemoved; i++)
        {
            if (removals[i] != Removal.None)
                response.Removed.Add(model.Set.Actions[i].Removed(removals[i]));
        }

        return response;
    }

    private static RankedAction Render(PlacementModel model, DecisionEntry entry, Rank rank)
    {
        if (rank.Index == Ranking.Nothing)
            return new RankedAction { Score = rank.Score, Expected = rank.Score, Reasons = { model.Placement.NothingReason } };
        var action = model.Set.Actions[rank.Index];
        var ranked = new RankedAction
        {
            ActionId = action.Definition.Id,
            ActionVersion = action.Definition.Version,
            DisplayName = action.Definition.DisplayName,
            Objective = action.Definition.Objective,
            Payload = action.PayloadFor(model.Placement.Definition.Channel),
            Score = rank.Score,
            Expected = model.Expected[rank.Index],
            Trials = model.Evidence[rank.Index].Trials,
            Successes = model.Evidence[rank.Index].Successes,
            Explored = rank.Explored,
        };
        ranked.Labels.Add(action.Definition.Labels);
        ranked.Reasons.Add(action.Reasons);
        if (entry.ReservedUntil != 0 && action.Definition.Cap is not null)
            ranked.ReservedUntil = new Timestamp { UnixMicros = entry.ReservedUntil };
        return ranked;
    }

    private static void AddPropensity(RankedAction first, PlacementModel model, ReadOnlySpan<Removal> removals, bool explores, int index)
    {
        if (Propensities(model, removals, explores) is { } known)
            first.Propensity = known.GetValueOrDefault(index);
    }

    /// <summary>How probable each was to come first, doing nothing included; null where too many competed.</summary>
    private static Dictionary<int, double>? Propensities(PlacementModel model, ReadOnlySpan<Removal> removals, bool explores)
    {
        if (!explores)
            return new Dictionary<int, double> { [Ranking.Of(model, removals, explores: false, seed: 0, slots: 1).Ranks[0].Index] = 1 };
        if (removals.Count(Removal.None) > DecisionLimits.Propensities)
            return null;

        // What is worth nothing is never better than doing nothing.
        var arms = new List<int>();
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] == Removal.None && model.Scales[i] > 0)
                arms.Add(i);
        }

        var beliefs = new Belief[arms.Count];
        var scales = new double[arms.Count];
        for (int a = 0; a < arms.Count; a++)
            (beliefs[a], scales[a]) = (model.Beliefs[arms[a]], model.Scales[arms[a]]);
        double[] propensities = ThompsonSampling.Propensities(beliefs, scales, model.Placement.Floor, out double nothing);
        var all = new Dictionary<int, double> { [Ranking.Nothing] = nothing };
        for (int a = 0; a < arms.Count; a++)
            all[arms[a]] = propensities[a];
        return all;
    }

    private static DecisionCandidate Describe(PlacementModel model, int index, double score, Dictionary<int, double>? propensities)
    {
        var candidate = index == Ranking.Nothing
            ? new DecisionCandidate { Score = score, Expected = score }
            : new DecisionCandidate
            {
                ActionId = model.Set.Actions[index].Definition.Id,
                Score = score,
                Expected = model.Expected[index],
                Trials = model.Evidence[index].Trials,
                Successes = model.Evidence[index].Successes,
            };
        if (propensities is not null)
            candidate.Propensity = propensities.GetValueOrDefault(index);
        return candidate;
    }
}
