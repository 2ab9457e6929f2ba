using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Gateway.Tests.Composed;

/// <summary>One event of a random history.</summary>
/// <param name="Id">Its id; the same id again is a copy, perhaps of other content and in another partition.</param>
/// <param name="Identifiers">Which identifiers it carries, strongest first.</param>
/// <param name="Content">What else it says.</param>
/// <param name="OccurredAt">Minutes; small, so that moments meet.</param>
/// <param name="ReceivedAt">Minutes; not in order.</param>
internal sealed record Step(int Id, string[] Identifiers, int Content, int OccurredAt, int ReceivedAt)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    /// <summary>All together stay below the limits of one customer: any merge is allowed.</summary>
    private static readonly string[] Pool =
        ["email:a@example.com", "email:b@example.com", "email:c@example.com", .. Enumerable.Range(0, 9).Select(i => $"device:d{i}")];

    public static Arbitrary<Step[]> Histories { get; } = Arb.From(
        Gen.Sized(size => One.ArrayOf(2 + size)),
        Shorter);

    private static Gen<Step> One =>
        from id in Gen.Choose(0, 40)
        from identifiers in Gen.SubListOf(Pool).Where(list => list.Count is > 0 and < 4)
        from content in Gen.Choose(0, 11)
        from occurredAt in Gen.Choose(0, 90)
        from receivedAt in Gen.Choose(100, 110)
        select new Step(id, [.. identifiers], content, occurredAt, receivedAt);

    /// <summary>Halves first, then single events left out.</summary>
    private static IEnumerable<Step[]> Shorter(Step[] history)
    {
        if (history.Length < 2) yield break;
        yield return history[..(history.Length / 2)];
        yield return history[(history.Length / 2)..];
        for (var i = 0; i < history.Length; i++) yield return [.. history[..i], .. history[(i + 1)..]];
    }

    public DateTimeOffset Received => Start.AddMinutes(ReceivedAt);

    public override string ToString() => $"(e{Id} of {string.Join(' ', Identifiers)}, content {Content}, at {OccurredAt}, received {ReceivedAt})";

    public Event ToEvent()
    {
        var made = new Event
        {
            Id = $"e{Id}",
            Kind = EventKind.Track,
            Type = Content % 3 == 0 ? "Order Completed" : "Product Viewed",
            Source = Id % 2 == 0 ? "shop" : "app",
            Channel = Content % 2 == 0 ? "web" : "store",
            OccurredAt = new Timestamp { UnixMicros = (Start.AddMinutes(OccurredAt).UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10 },
        };
        made.Identifiers.AddRange(Identifiers.Select(i => i.Split(':')).Select(i => new Identifier { Namespace = i[0], Value = i[1] }));
        made.Properties["product_id"] = new Value { StringValue = $"p{Content % 4}" };
        made.Properties["category"] = new Value { StringValue = $"c{Content % 3}" };
        made.Properties["total"] = new Value { DecimalValue = $"{Content}.{Content}5" };
        made.Properties["currency"] = new Value { StringValue = Content % 4 == 0 ? "USD" : "EUR" };
        if (Content != 9) made.Properties["order_id"] = new Value { IntValue = Content % 2 };
        made.Traits = new TraitChanges { Add = { ["points"] = new Value { IntValue = Content } } };
        var mood = new Value { StringValue = $"mood {Content}" };
        if (Content % 4 == 1) made.Traits.Set["mood"] = mood;
        if (Content % 4 == 2) made.Traits.SetOnce["mood"] = mood;
        if (Content % 4 == 3) made.Traits.Unset.Add("mood");
        if (Content == 11) made.Traits.Set["points"] = new Value { IntValue = 1_000 };
        return made;
    }
}
