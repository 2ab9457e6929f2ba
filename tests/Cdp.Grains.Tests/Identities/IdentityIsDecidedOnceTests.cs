using Cdp.Domain.Tests.Identity;
using Cdp.Grains.Tests.Harness;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Grains.Tests.Identities;

/// <summary>Invariant 7: identity is decided once. Whatever write is the last one, asking again gives what would have been.</summary>
public sealed class IdentityIsDecidedOnceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_at_any_write_changes_no_answer_and_no_decision(bool reachesStore)
    {
        var questions = IdentityWorld.QuestionsOf(
            [[2], [0, 2], [5, 2], [1, 7, 2], [6, 7], [11, 1], [16, 1], [3, 8], [8, 13], [3, 13], [0, 3], [4, 9], [1, 4], [12, 17, 22], [22, 27, 2], [5, 0]]);
        var undisturbed = new Fuse();
        await AnswerAllAsync(IdentityHarness.Fused(Limited(), undisturbed), undisturbed, questions);
        Assert.InRange(undisturbed.Writes, 50, 1_000);

        for (var last = 1; last <= undisturbed.Writes; last++)
        {
            var fuse = new Fuse();
            fuse.Restart(last, reachesStore);
            Assert.True(await HoldsAsync(fuse, questions, []), $"Crash at write {last}.");
        }
    }

    [Fact]
    public void Crashes_at_random_writes_change_no_answer_and_no_decision()
    {
        var checks = Config.QuickThrowOnFailure.WithMaxTest(150);
        Check.One(checks, Prop.ForAll<byte[][], byte[]>((questions, crashes) =>
        {
            var fuse = new Fuse();
            var next = new Queue<byte>(crashes ?? []);
            if (next.TryDequeue(out var first)) fuse.Restart(1 + (first >> 1), (first & 1) == 0);
            return HoldsAsync(fuse, IdentityWorld.QuestionsOf(questions), next).GetAwaiter().GetResult();
        }));
    }

    /// <summary>Crash after crash, and at the end everything is as if there had been none.</summary>
    private static async Task<bool> HoldsAsync(Fuse fuse, List<IdentityQuestion> questions, Queue<byte> crashes)
    {
        var world = new IdentityWorld(Limited());
        var expected = questions.Select(world.Ask).ToList();
        var tenant = IdentityHarness.Fused(Limited(), fuse);
        var answers = await AnswerAllAsync(tenant, fuse, questions, crashes);

        // The last crash: only what is stored counts.
        fuse.Restart();
        tenant.Drop();
        var again = await AnswerAllAsync(tenant, fuse, questions);
        return answers.Select(a => a.Customer).SequenceEqual(expected.Select(a => a.Customer))
            && again.SequenceEqual(questions.Select(world.Ask))
            && (await tenant.RecordAsync()).SequenceEqual(world.Record)
            && (await tenant.IndexedAsync()).SequenceEqual(Minted(world).Order(StringComparer.Ordinal));
    }

    private static async Task<List<IdentityAnswer>> AnswerAllAsync(
        IdentityHarness tenant, Fuse fuse, List<IdentityQuestion> questions, Queue<byte>? crashes = null)
    {
        var answers = new List<IdentityAnswer>();
        while (answers.Count < questions.Count)
        {
            try
            {
                answers.Add(await tenant.AskAsync(questions[answers.Count]));
            }
            catch (Exception e) when (fuse.Blown && e is ProcessDiedException or IOException)
            {
                tenant.Drop();
                if (crashes is not null && crashes.TryDequeue(out var next)) fuse.Restart(1 + (next >> 1), (next & 1) == 0);
                else fuse.Restart();
            }
        }

        return answers;
    }

    private static IEnumerable<string> Minted(IdentityWorld world) =>
        world.Record.Where(d => d.Minted is not null).Select(d => d.Minted.Customer);

    private static TenantConfig Limited() => IdentityWorld.Config(
        new Namespace { Name = "email", Kind = NamespaceKind.Contact, MaxPerCustomer = 2 },
        new Namespace { Name = "device", Kind = NamespaceKind.Device, MaxPerCustomer = 3 });
}
