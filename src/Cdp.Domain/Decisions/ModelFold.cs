using System.Numerics;
using Cdp.Domain.Learning;
using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>What is known of a placement's actions: the fold of its training log.</summary>
/// <remarks>
/// Effects are sums of integers, so that slices of different partitions commute. Of one partition they come in the order of
/// its positions; what is delivered again, in the same cuts or in others, is told by the partition's mark and counts once.
/// </remarks>
public static class ModelFold
{
    /// <summary>What of a slice a state does not hold yet: what is to be appended to the training log; null where it holds all.</summary>
    public static ModelSlice? Fresh(ModelState state, ModelSlice slice)
    {
        long mark = MarkOf(state, slice.Partition);
        if (slice.To <= mark)
            return null;
        var fresh = new ModelSlice { Partition = slice.Partition, To = slice.To };
        fresh.Deltas.AddRange(slice.Deltas.Where(delta => delta.Position >= mark));
        return fresh;
    }

    /// <summary>Adds a slice of the training log, which makes the model's next version. False where it holds it already.</summary>
    public static bool Apply(ModelState state, ModelSlice slice)
    {
        if (Fresh(state, slice) is not { } fresh)
            return false;
        foreach (var delta in fresh.Deltas)
            Add(state, delta);
        int at = Sorted.Find(state.Marks, slice.Partition, static (mark, partition) => mark.Partition.CompareTo(partition));
        if (at < 0)
            state.Marks.Insert(~at, new PartitionMark { Partition = slice.Partition, Position = slice.To });
        else
            state.Marks[at].Position = slice.To;
        state.Version++;
        return true;
    }

    /// <summary>The model at a version: the fold of as many slices, on what an earlier state holds.</summary>
    /// <param name="placement">Number of the placement.</param>
    /// <param name="before">A state of an earlier or the same version; null: none. Not changed.</param>
    /// <param name="slices">The training log from there on.</param>
    /// <param name="version">The version.</param>
    /// <exception cref="ArgumentException">The log does not lead there.</exception>
    public static ModelState AsOf(uint placement, ModelState? before, IEnumerable<ModelSlice> slices, long version)
    {
        var state = before?.Clone() ?? new ModelState { Placement = placement };
        foreach (var slice in slices)
        {
            if (state.Version >= version)
                break;
            Apply(state, slice);
        }

        return state.Version == version ? state : throw new ArgumentException($"The training log leads to version {state.Version}, not to {version}.", nameof(slices));
    }

    /// <summary>Where the effects of a partition begin that a state does not hold.</summary>
    public static long MarkOf(ModelState state, int partition)
    {
        int at = Sorted.Find(state.Marks, partition, static (mark, key) => mark.Partition.CompareTo(key));
        return at < 0 ? 0 : state.Marks[at].Position;
    }

    /// <summary>An effect of an outcome.</summary>
    public static EvidenceDelta Delta(uint placement, uint action, Evidence evidence) => new()
    {
        Placement = placement,
        Action = action,
        Trials = evidence.Trials,
        Successes = evidence.Successes,
        ValueLow = Sums.Low(evidence.Value),
        ValueHigh = Sums.High(evidence.Value),
        SquaredLow = Sums.Low(evidence.SquaredValue),
        SquaredHigh = Sums.High(evidence.SquaredValue),
    };

    /// <summary>The evidence of an effect.</summary>
    public static Evidence EvidenceOf(EvidenceDelta delta) =>
        new(delta.Trials, delta.Successes, Sums.Join(delta.ValueHigh, delta.ValueLow), Sums.Join(delta.SquaredHigh, delta.SquaredLow));

    /// <summary>
    /// What is known of an action. The outcomes of one decision may come through different partitions, and a success before
    /// the showing: what cannot be yet is read as the nearest that can.
    /// </summary>
    public static Evidence EvidenceOf(ModelState state, uint action)
    {
        int at = Find(state, action);
        if (at < 0)
            return default;
        var arm = EvidenceOf(state.Arms[at]);
        long successes = Math.Max(0, arm.Successes);
        long trials = Math.Max(successes, arm.Trials);
        if (trials == 0)
            return default;

        // The mean of squares is never below the square of the mean (Cauchy and Schwarz).
        var least = (((BigInteger)arm.Value * (BigInteger)arm.Value) + (trials - 1)) / trials;
        return new Evidence(trials, successes, arm.Value, (BigInteger)arm.SquaredValue < least ? (Int128)least : arm.SquaredValue);
    }

    private static void Add(ModelState state, EvidenceDelta delta)
    {
        int at = Find(state, delta.Action);
        if (at < 0)
            state.Arms.Insert(at = ~at, new ArmState { Action = delta.Action });
        var arm = state.Arms[at];
        var sum = EvidenceOf(arm) + EvidenceOf(delta);
        (arm.Trials, arm.Successes) = (sum.Trials, sum.Successes);
        (arm.ValueLow, arm.ValueHigh) = (Sums.Low(sum.Value), Sums.High(sum.Value));
        (arm.SquaredLow, arm.SquaredHigh) = (Sums.Low(sum.SquaredValue), Sums.High(sum.SquaredValue));
    }

    private static int Find(ModelState state, uint action) => Sorted.Find(state.Arms, action, static (arm, key) => arm.Action.CompareTo(key));

    private static Evidence EvidenceOf(ArmState arm) => new(arm.Trials, arm.Successes, Sums.Join(arm.ValueHigh, arm.ValueLow), Sums.Join(arm.SquaredHigh, arm.SquaredLow));
}
