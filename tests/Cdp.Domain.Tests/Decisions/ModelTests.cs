using Cdp.Domain.Decisions;
using Cdp.State.V1;
using FsCheck.Fluent;
using Evidence = Cdp.Domain.Learning.Evidence;

namespace Cdp.Domain.Tests.Decisions;

/// <summary>A model is the fold of its training log: effects in any interleaving of partitions, delivered once or often, come to the same.</summary>
public sealed class ModelTests
{
    private const int Partitions = 3;

    [Fact]
    public void Partitions_commute_and_what_comes_again_counts_once() => RandomDecisions.ForAll(
        from effects in (from partition in Gen.Choose(0, Partitions - 1)
                         from action in Gen.Choose(1, 4)
                         from trials in Gen.Choose(-1, 3)
                         from value in Gen.Choose(-1_000_000, 1_000_000)
                         select (partition, Evidence: new Evidence(trials, trials / 2, value, (Int128)value * value), action)).ArrayOf()
        from seed in Gen.Choose(0, int.MaxValue)
        select (effects, seed),
        400,
        run =>
        {
            var log = run.effects.GroupBy(effect => effect.partition)
                .ToDictionary(group => group.Key, group => group.Select((effect, i) => At(ModelFold.Delta(1, (uint)effect.action, effect.Evidence), i)).ToArray());
            var expected = new ModelState();
            foreach (var (partition, deltas) in log)
                ModelFold.Apply(expected, new ModelSlice { Partition = partition, To = deltas.Length, Deltas = { deltas } });
            foreach (uint action in new uint[] { 1, 2, 3, 4 })
            {
                var sum = run.effects.Where(effect => effect.action == action).Select(effect => effect.Evidence).Aggregate(default(Evidence), Evidence.Add);
                Assert.Equal(sum, SumOf(expected, action));
            }

            // Cut anywhere, delivered from anywhere at or before what was delivered, partitions mixed; with the log that is kept of it.
            var random = new Random(run.seed);
            var state = new ModelState();
            var training = new List<ModelSlice>();
            var delivered = log.ToDictionary(pair => pair.Key, _ => 0);
            while (delivered.Any(pair => pair.Value < log[pair.Key].Length))
            {
                int partition = delivered.Keys.ElementAt(random.Next(delivered.Count));
                int from = random.Next(delivered[partition] + 1);
                int to = random.Next(from, log[partition].Length + 1);
                var slice = new ModelSlice { Partition = partition, To = to, Deltas = { log[partition][from..to] } };
                var fresh = ModelFold.Fresh(state, slice);
                Assert.Equal(fresh is not null, ModelFold.Apply(state, slice));
                if (fresh is not null)
                    training.Add(fresh);
                delivered[partition] = Math.Max(delivered[partition], to);
            }

            Assert.Equal((expected.Arms, expected.Marks), (state.Arms, state.Marks));
            Assert.Equal(training.Count, state.Version);
            Assert.Equal(state, ModelFold.AsOf(0, null, training, training.Count));
            int cut = random.Next(training.Count + 1);
            var before = ModelFold.AsOf(0, null, training, cut);
            Assert.Equal(state, ModelFold.AsOf(0, before, training.Skip(cut), training.Count));
            Assert.Equal(cut, before.Version);
        });

    [Fact]
    public void A_log_that_does_not_lead_to_a_version_is_told() =>
        Assert.Throws<ArgumentException>(() => ModelFold.AsOf(1, null, [new ModelSlice { To = 1 }], 2));

    [Fact]
    public void A_success_that_comes_before_its_showing_is_read_as_what_can_be()
    {
        var state = new ModelState();
        ModelFold.Apply(state, new ModelSlice { Partition = 1, To = 1, Deltas = { At(ModelFold.Delta(1, 1, new Evidence(0, 1, 40_000, 1_600_000_000)), 0) } });
        Assert.Equal(new Evidence(1, 1, 40_000, 1_600_000_000), ModelFold.EvidenceOf(state, 1));
        ModelFold.Apply(state, new ModelSlice { Partition = 0, To = 1, Deltas = { At(ModelFold.Delta(1, 1, new Evidence(1, 0, 0, 0)), 0) } });
        Assert.Equal(new Evidence(1, 1, 40_000, 1_600_000_000), ModelFold.EvidenceOf(state, 1));
        ModelFold.Apply(state, new ModelSlice { Partition = 2, To = 1, Deltas = { At(ModelFold.Delta(1, 1, new Evidence(-3, -2, 5, -1_600_000_000)), 0) } });
        Assert.Equal(default, ModelFold.EvidenceOf(state, 1));
        Assert.Equal(default, ModelFold.EvidenceOf(state, 2));
        ModelFold.Apply(state, new ModelSlice { Partition = 3, To = 1, Deltas = { At(ModelFold.Delta(1, 1, new Evidence(5, 3, 0, 0)), 0) } });
        var known = ModelFold.EvidenceOf(state, 1);
        Assert.True(known.SquaredValue * known.Trials >= known.Value * known.Value);
    }

    private static EvidenceDelta At(EvidenceDelta delta, long position)
    {
        delta.Position = position;
        return delta;
    }

    private static Evidence SumOf(ModelState state, uint action) => state.Arms.Where(arm => arm.Action == action).Select(arm => new Evidence(
        arm.Trials, arm.Successes, new Int128((ulong)arm.ValueHigh, arm.ValueLow), new Int128((ulong)arm.SquaredHigh, arm.SquaredLow))).SingleOrDefault();
}
