using Cdp.Domain.Consent;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Profiles;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Consent;

/// <summary>What a customer allows, against a list of all that it ever said.</summary>
public sealed class ConsentRulesTests
{
    private const int Times = 12;

    private static readonly PurposeRule[] Rules =
    [
        PurposeRule.Of(new Purpose { Id = "newsletter", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true }),
        PurposeRule.Of(new Purpose { Id = "ads", LawfulBasis = LawfulBasis.LegitimateInterests, RefusedByGpc = true }),
        PurposeRule.Of(new Purpose { Id = "both", NeedsConsent = true, RefusedByGpc = true }),
        PurposeRule.Of(new Purpose { Id = "delivery", LawfulBasis = LawfulBasis.Contract }),
    ];

    private static readonly Arbitrary<Said[]> Saids = Arb.From(Gen.ArrayOf(
        from purpose in Gen.Elements(Rules)
        from channel in Gen.Elements("", "email", "web")
        from at in Gen.Choose(0, Times)
        from granted in Gen.Elements(true, false)
        from expires in Gen.Choose(-1, Times + 2)
        from signal in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new Said(purpose.Id, channel, at, granted, granted && expires >= 0 ? expires : null, signal)));

    [Fact]
    public void In_any_order_and_merged_in_any_way_the_latest_counts_and_of_two_at_once_the_refusal() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(25),
        Prop.ForAll(Saids, Arb.From(Gen.Choose(0, int.MaxValue)), (saids, seed) =>
        {
            var random = new System.Random(seed);
            var (one, two) = (new ProfileState(), new ProfileState());
            var events = saids.Select((said, i) => said.At(i)).ToArray();
            random.Shuffle(events);
            foreach (var said in events)
                ConsentRules.Take(random.Next(2) == 0 ? one : two, said);
            var merged = new ProfileState();
            ConsentRules.Join(merged, random.Next(2) == 0 ? one : two);
            ConsentRules.Join(merged, one);
            ConsentRules.Join(merged, two);
            foreach (var rule in Rules)
            {
                foreach (string channel in (string[])["", "email", "web", "store"])
                {
                    for (int now = -1; now < Times + 4; now++)
                        Assert.Equal(IsAllowed(saids, rule, channel, now), ConsentRules.Allows(merged, rule, channel, Micros(now)));
                }
            }
        }));

    [Fact]
    public void Nothing_is_allowed_for_what_is_not_declared()
    {
        Assert.False(ConsentRules.Allows(new ProfileState(), null, "", 0));
        Assert.False(ConsentRules.Allows(new ProfileState(), Rules[0], "", 0));
        Assert.True(ConsentRules.Allows(new ProfileState(), Rules[1], "", 0));
        Assert.True(ConsentRules.Allows(new ProfileState { FirstGpc = 0 }, Rules[3], "", 0));
    }

    [Fact]
    public void Where_more_was_said_than_is_held_what_is_not_held_counts_as_refused()
    {
        var state = new ProfileState();
        for (int i = 0; i < ProfileLimits.Consents + 1; i++)
            Assert.True(ProfileFold.TryAbsorb(state, new Said("ads", $"channel {i}", 0, true, null, false).At(i), Folding.Definitions));
        Assert.True(state.MoreConsents);
        Assert.False(ConsentRules.Allows(state, Rules[1], "", 0));
        Assert.False(ConsentRules.Allows(state, Rules[0], "", 0));
        Assert.True(ConsentRules.Allows(state, Rules[3], "", 0));

        var described = ConsentRules.Describe(state, Definitions(), 0).ToDictionary(d => d.Purpose);
        Assert.Equal((false, ConsentState.Refused, true), (described["ads"].Allowed, described["ads"].State, described["ads"].Full));
        Assert.Equal(ProfileLimits.Consents, described["ads"].Acts.Count);
    }

    [Fact]
    public void What_was_said_is_described_with_where_it_was_said_and_what_proves_it()
    {
        var state = new ProfileState();
        var act = new ConsentAct { Purpose = "newsletter", Channel = "email", Granted = true, ExpiresAt = Time(9), Proof = "form 7" };
        Assert.True(ProfileFold.TryAbsorb(state, Said.Event(act, 3, "e1", channel: "store"), Folding.Definitions));

        var described = ConsentRules.Describe(state, Definitions(), Micros(5)).Single(d => d.Purpose == "newsletter");
        Assert.Equal((false, ConsentState.None, true, LawfulBasis.Consent), (described.Allowed, described.State, described.NeedsConsent, described.LawfulBasis));
        var said = Assert.Single(described.Acts);
        Assert.Equal(
            new RecordedConsent
            {
                Channel = "email", Allowed = true, State = ConsentState.Granted, At = Time(3), Source = "shop", EventId = "e1", SaidOn = "store", Proof = "form 7", ExpiresAt = Time(9),
            },
            said);
        var later = ConsentRules.Describe(state, Definitions(), Micros(9)).Single(d => d.Purpose == "newsletter").Acts[0];
        Assert.Equal((false, ConsentState.Expired), (later.Allowed, later.State));
    }

    [Theory]
    [InlineData("gpc", "1", true)]
    [InlineData("Sec-GPC", "1", true)]
    [InlineData("sec_gpc", "TRUE", true)]
    [InlineData("gpc", "0", false)]
    [InlineData("gpc", "", false)]
    [InlineData("gpcx", "1", false)]
    public void The_signal_is_read_in_the_context(string name, string value, bool expected)
    {
        var sent = new Event { Context = { ["page"] = new Value { StringValue = "1" }, [name] = new Value { StringValue = value } } };
        Assert.Equal(expected, PrivacySignal.IsIn(Google.Protobuf.MessageExtensions.ToByteArray(sent)));
        Assert.Equal(expected, PrivacySignal.IsIn(sent.Context));
    }

    /// <summary>The rule as docs/consent.md says it, over everything that was said.</summary>
    private static bool IsAllowed(Said[] saids, PurposeRule rule, string channel, int now)
    {
        if (!rule.MayBeRefused)
            return true;
        int? signal = rule.HeedsGpc ? saids.Where(said => said.Signal).Select(said => (int?)said.Time).Min() : null;
        bool unsaid = !rule.NeedsConsent && signal is null;
        var about = saids.Where(said => said.Purpose == rule.Id && (said.Channel == "" || said.Channel == channel)).ToArray();
        if (about.Length == 0)
            return unsaid;
        int latest = about.Max(said => said.Time);
        var last = about.Where(said => said.Time == latest).ToArray();
        if (last.Any(said => !said.Granted))
            return false;
        if (signal > latest)
            return unsaid;
        return unsaid || IsUnexpired(Last(saids, last), now);
    }

    /// <summary>Of grants at one moment the one that comes last in the canonical order.</summary>
    private static Said Last(Said[] saids, Said[] candidates) => candidates.MaxBy(said => Said.IdOf(Array.IndexOf(saids, said)), StringComparer.Ordinal)!;

    private static bool IsUnexpired(Said said, int now) => said.Expires is not { } expires || expires > now;

    private static Definitions Definitions()
    {
        var config = TenantDefaults.NewConfig("shop", new byte[32]);
        config.Purposes.Add([
            new Purpose { Id = "newsletter", LawfulBasis = LawfulBasis.Consent, NeedsConsent = true },
            new Purpose { Id = "ads", LawfulBasis = LawfulBasis.LegitimateInterests, RefusedByGpc = true }]);
        return new Definitions(config);
    }

    private static long Micros(int time) => RandomEvents.Start + (time * RandomEvents.Minute);

    private static Timestamp Time(int time) => new() { UnixMicros = Micros(time) };

    /// <summary>One thing that was said; a class, so that two that are alike are two.</summary>
    private sealed class Said(string purpose, string channel, int time, bool granted, int? expires, bool signal)
    {
        public string Purpose => purpose;

        public string Channel => channel;

        public int Time => time;

        public bool Granted => granted;

        public int? Expires => expires;

        public bool Signal => signal;

        public static string IdOf(int index) => $"{index:D4}";

        public FoldEvent At(int index)
        {
            var act = new ConsentAct { Purpose = purpose, Channel = channel, Granted = granted, ExpiresAt = expires is { } at ? ConsentRulesTests.Time(at) : null };
            return Event(act, time, IdOf(index)) with { Gpc = signal };
        }

        public static FoldEvent Event(ConsentAct act, int time, string id, string channel = "")
        {
            var made = new Event { Id = id, Kind = EventKind.Track, Type = ConsentEvents.Type, Source = "shop", Channel = channel };
            ConsentEvents.Write(act, made.Properties);
            return Sample.At(made, Micros(time));
        }
    }
}
