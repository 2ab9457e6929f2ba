using Cdp.Domain.Consent;
using Cdp.Gateway.Tests.Composed;
using Cdp.Grains.Customers;
using Cdp.Grains.Hosting;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Gateway.Tests.Consents;

/// <summary>
/// Random acts of random people, who turn out to be the same ones: no read, no segment and no decision ever gives what the
/// acts forbid, before and after what is derived is made again from the log.
/// </summary>
public sealed class ConsentIsKeptTests
{
    private const long Start = 1_700_000_000_000_000;
    private const int People = 6;

    private static readonly Gen<Step[]> Stories = (
        from person in Gen.Choose(0, People - 1)
        from other in Gen.Choose(0, People * 3)
        from at in Gen.Choose(0, 9)
        from act in Gen.Frequency((2, Gen.Constant(-1)), (5, Gen.Choose(0, 3)))
        from signal in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new Step(person, other < People ? other : person, at, act, signal)).ArrayOf(24);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_is_given_that_the_acts_of_one_person_forbid() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(8), Prop.ForAll(Stories.ToArbitrary(), story => CheckAsync(story).GetAwaiter().GetResult()));

    private static async Task CheckAsync(Step[] story)
    {
        var stores = ComposedNode.Stores.New();
        string token;
        await using (var server = await GatewayFixture.StartAsync(Of(stores)))
        {
            await PrepareAsync(server);
            token = await server.PublishAsync([.. story.Select((step, i) => step.ToEvent(i))]);
            await AssertAsync(server, story, token);
            await server.RestartWithoutAsync(CustomerGrain.SnapshotKind);
            await AssertAsync(server, story, token);
        }

        await using var replayed = await GatewayFixture.StartAsync(Of(await stores.ForReplayAsync()));
        await AssertAsync(replayed, story, token);
    }

    private static async Task PrepareAsync(GatewayFixture server)
    {
        await server.Client.Admin.PutPurposeAsync(
            new PutPurposeRequest { Purpose = new Purpose { Id = "newsletter", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true } }, cancellationToken: Cancel);
        await server.Client.Admin.PutPurposeAsync(new PutPurposeRequest { Purpose = new Purpose { Id = "ads", RefusedByGpc = true } }, cancellationToken: Cancel);
        await server.Client.Decisions.PutPlacementAsync(new PutPlacementRequest { Placement = new Placement { Id = "home", Channel = "web", Slots = 5 } }, cancellationToken: Cancel);
        foreach (var purpose in (string[])["newsletter", "ads"])
        {
            await server.Client.Segments.PutSegmentAsync(
                new PutSegmentRequest { Segment = new Segment { Id = purpose, Expression = "events.count > 0", Purpose = purpose } }, cancellationToken: Cancel);
            await server.Client.Decisions.PutActionAsync(
                new PutActionRequest { Action = new Cdp.V1.Action { Id = purpose, Purpose = purpose, Payloads = { new Payload { Channel = "web", Key = "k" } } } }, cancellationToken: Cancel);
        }
    }

    private static async Task AssertAsync(GatewayFixture server, Step[] story, string token)
    {
        var group = GroupsOf(story);
        foreach (var purpose in (string[])["newsletter", "ads"])
        {
            var members = (await server.Client.Segments.ListMembersAsync(new ListMembersRequest { Segment = purpose, AfterToken = token }, cancellationToken: Cancel)).CustomerIds;
            foreach (var person in story.Select(step => step.Person).Distinct())
            {
                var about = story.Where(step => group[step.Person] == group[person]).ToArray();
                var allowed = IsAllowed(about, purpose);
                var read = new GetProfileRequest { Customer = Step.Ref(person), Purpose = purpose, AfterToken = token };
                var profile = (await server.Client.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile;
                Assert.Equal(allowed, profile.Activity is not null);
                Assert.Equal(allowed, members.Contains(profile.CustomerId));
                var decide = new DecideRequest { Placement = "home", Identifiers = { Step.Ref(person).Identifier }, Purpose = "service", AfterToken = token };
                var decided = await server.Client.Decisions.DecideAsync(decide, cancellationToken: Cancel);
                Assert.Equal(allowed, decided.Removed.All(removed => removed.ActionId != purpose));
            }
        }
    }

    /// <summary>Of all acts of one person the latest counts, of two at once the refusal.</summary>
    private static bool IsAllowed(Step[] about, string purpose)
    {
        var acts = about.Where(step => step.Purpose == purpose).ToArray();
        int? signal = purpose == "ads" ? about.Where(step => step.Signal).Select(step => (int?)step.At).Min() : null;
        var otherwise = purpose == "ads" && signal is null;
        if (acts.Length == 0) return otherwise;
        var latest = acts.Where(act => act.At == acts.Max(other => other.At)).ToArray();
        return latest.All(act => act.Granted) && !(signal > latest[0].At);
    }

    /// <summary>Who is the same one as whom: events that named both, one after the other until nothing changes.</summary>
    private static int[] GroupsOf(Step[] story)
    {
        int[] group = [.. Enumerable.Range(0, People)];
        for (var round = 0; round < People; round++)
        {
            foreach (var step in story) group[step.Person] = group[step.Other] = Math.Min(group[step.Person], group[step.Other]);
        }

        return group;
    }

    private static GrainStores Of(ComposedNode.Stores stores) => new(stores.Log, stores.States, stores.History, stores.Index);

    /// <summary>An event of a person that may name another as the same one, and may be an act.</summary>
    private sealed record Step(int Person, int Other, int At, int Act, bool Signal)
    {
        public string? Purpose => Act < 0 ? null : Act / 2 == 0 ? "newsletter" : "ads";

        public bool Granted => Act % 2 == 0;

        public static CustomerRef Ref(int person) => GatewayFixture.Ref("cookie", $"p{person}");

        public Event ToEvent(int index)
        {
            var made = GatewayFixture.Event($"e{index}", Act < 0 ? "Product Viewed" : ConsentEvents.Type, ("cookie", $"p{Person}"));
            if (Other != Person) made.Identifiers.Add(Ref(Other).Identifier);
            made.OccurredAt = new Timestamp { UnixMicros = Start + (At * 1_000_000L) };
            if (Signal) made.Context["gpc"] = new Value { BoolValue = true };
            if (Purpose is { } purpose) ConsentEvents.Write(new ConsentAct { Purpose = purpose, Granted = Granted }, made.Properties);
            return made;
        }
    }
}
