using System.Globalization;
using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes for people what became of events.</summary>
internal static class TraceText
{
    public static string Write(TraceEventResponse trace)
    {
        var text = new StringBuilder();
        var facts = new TextTable("", "");
        facts.Add("event", trace.EventId);
        facts.Add("state", StateOf(trace));
        Add("source", trace.Source);
        Add("type", trace.Type);
        Add("channel", trace.Channel);
        Add("sent with key", trace.KeyId);
        facts.Add("accepted", ValueText.Of(trace.ReceivedAt));
        facts.Add("place", Place(trace.Partition, trace.Position));
        Add("customer", trace.CustomerId);
        if (trace.EffectiveAt is not null)
            facts.Add("counts as of", ValueText.Of(trace.EffectiveAt));
        foreach (var copy in trace.Copies)
            facts.Add("copy", $"{Place(copy.Partition, copy.Position)}, {ValueText.Of(copy.ReceivedAt)}{(copy.OtherContent ? ", with other content" : "")}");
        foreach (var fact in trace.Facts)
            facts.Add("identity", IdentityText.Describe(fact));
        if (trace.SegmentsStatus == ValueStatus.Unavailable)
            facts.Add("segments", "not worked out: the customer's history is too long");
        Add("entered", string.Join(", ", trace.SegmentsEntered));
        Add("left", string.Join(", ", trace.SegmentsLeft));
        if (trace.OutcomeCredit != OutcomeCredit.Unspecified)
            facts.Add("outcome", EventsText.Words(trace.OutcomeCredit));
        if (trace.DeadLetter is { } letter)
        {
            facts.Add("dead letter", letter.Id);
            facts.Add("reason", letter.Reason);
            Add("field", letter.Field);
            Add("message", letter.Message);
            if (letter.RetriedAt is not null)
                facts.Add("taken in at last", ValueText.Of(letter.RetriedAt));
        }

        foreach (var withheld in trace.Withheld)
            facts.Add("withheld", $"{withheld.Field} ({withheld.Reason})");
        facts.WriteTo(text);
        if (trace.Event is not null)
            text.Append('\n').Append(ProtoJson.Write(trace.Event));
        return text.ToString();

        void Add(string name, string value)
        {
            if (value.Length > 0)
                facts.Add(name, value);
        }
    }

    /// <summary>One event of a tail, on one line.</summary>
    public static string Line(TailedEvent tailed)
    {
        var time = DateTimeOffset.UnixEpoch.AddTicks(tailed.ReceivedAt.UnixMicros * TimeSpan.TicksPerMicrosecond).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var what = tailed.State switch
        {
            EventState.DeadLetter => tailed.Reason,
            EventState.Erased => "erased",
            _ => tailed.CustomerId,
        };
        var cells = tailed.Withheld.Length > 0
            ? new[] { time, tailed.Source, $"withheld ({tailed.Withheld})" }
            : [time, tailed.Source, tailed.Type, tailed.Channel, tailed.EventId, what];
        var line = string.Join("  ", cells.Where(cell => cell.Length > 0).Select(cell => string.Concat(cell.Select(c => char.IsControl(c) ? '\uFFFD' : c))));
        return tailed.Event is null ? line : $"{line}\n  {ProtoJson.Line(tailed.Event)}";
    }

    private static string StateOf(TraceEventResponse trace) => trace.State switch
    {
        EventState.Pending => "accepted, not applied yet",
        EventState.Applied => "applied",
        EventState.DeadLetter => "counts for nobody",
        EventState.Erased => "erased",
        _ => "a state that this version does not know",
    };

    private static string Place(int partition, long position) => string.Create(CultureInfo.InvariantCulture, $"partition {partition}, position {position}");
}
