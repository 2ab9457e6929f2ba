using Cdp.Node.Api;
using Cdp.Node.Import;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Commands;

/// <summary>A line that was not published.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Reason">Stable reason.</param>
/// <param name="Field">The field at fault; empty for the whole line.</param>
/// <param name="Message">What was wrong and what to do.</param>
internal sealed record RefusedLine(long Line, string Reason, string Field, string Message);

/// <summary>What became of the lines.</summary>
internal sealed record PublishResult(long Accepted, IReadOnlyList<RefusedLine> Refused, string Token)
{
    /// <summary>What is wrong with lines that were published nevertheless.</summary>
    public IReadOnlyList<RefusedLine> Warnings { get; init; } = [];
}

/// <summary>Publishes JSON Lines of events in batches, one after the other.</summary>
internal sealed class EventLinesPublisher
{
    private const int BatchSize = 500;

    private readonly Publisher _publisher;
    private readonly List<RefusedLine> _refused = [];
    private readonly List<RefusedLine> _warnings = [];
    private readonly List<long> _lines = [];
    private PublishEventsRequest _batch = new();
    private int _bytes;
    private long _accepted;
    private string _token = "";

    public EventLinesPublisher(ICdpApi api, CommandContext context)
    {
        _publisher = new Publisher(api, context.Time, new ProgressLine(context.Error, context.ErrorIsTerminal, context.Time).Waiting);
    }

    public async Task<PublishResult> RunAsync(TextReader reader, CancellationToken cancel)
    {
        for (var line = 1L; await reader.ReadLineAsync(cancel) is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text) && Parse(text, line) is { } parsed)
                await AddAsync(parsed, line, cancel);
        }

        await FlushAsync(cancel);
        return new PublishResult(_accepted, _refused, _token) { Warnings = _warnings };
    }

    private Event? Parse(string text, long line)
    {
        try
        {
            return JsonParser.Default.Parse<Event>(text);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            _refused.Add(new RefusedLine(line, Rejection.Unreadable, "", $"The line is not an event in JSON: {e.Message}"));
            return null;
        }
    }

    private async Task AddAsync(Event parsed, long line, CancellationToken cancel)
    {
        var size = parsed.CalculateSize();
        if (_batch.Events.Count == BatchSize || (_bytes > 0 && _bytes + size > ImportBatch.MaxBytes))
            await FlushAsync(cancel);
        _batch.Events.Add(parsed);
        _lines.Add(line);
        _bytes += size;
    }

    private async Task FlushAsync(CancellationToken cancel)
    {
        if (_batch.Events.Count == 0)
            return;
        var response = await _publisher.PublishAsync(_batch, cancel);
        _accepted += response.Accepted;
        _token = response.Token;
        foreach (var refusal in response.Refused)
            _refused.Add(new RefusedLine(_lines[refusal.Index], refusal.Reason, refusal.Field, refusal.Message));
        foreach (var warning in response.Warnings)
            _warnings.Add(new RefusedLine(_lines[warning.Index], warning.Reason, warning.Field, warning.Message));
        _batch = new PublishEventsRequest();
        _lines.Clear();
        _bytes = 0;
    }
}
