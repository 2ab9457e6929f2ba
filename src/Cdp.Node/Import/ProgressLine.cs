using System.Globalization;

namespace Cdp.Node.Import;

/// <summary>Shows an import's progress: a bar on a terminal, otherwise a plain line every ten seconds.</summary>
public sealed class ProgressLine : IImportObserver
{
    private const int BarWidth = 24;

    private static readonly TimeSpan WaitInterval = TimeSpan.FromSeconds(5);

    private readonly StatusLine _line;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly Lock _turn = new();
    private long? _waitShown;
    private long _linesBefore;
    private double? _fractionBefore;

    /// <summary>Starts the clock.</summary>
    /// <param name="output">Where it is shown; the standard error.</param>
    /// <param name="isTerminal">Whether a line can be drawn again.</param>
    /// <param name="time">The clock.</param>
    public ProgressLine(TextWriter output, bool isTerminal, TimeProvider time)
    {
        _line = new StatusLine(output, isTerminal, time);
        _time = time;
        _started = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Resuming(long lines)
    {
        lock (_turn)
        {
            _linesBefore = lines;
            _line.Say(string.Create(CultureInfo.InvariantCulture, $"going on after {lines:N0} lines of an interrupted import"));
        }
    }

    /// <inheritdoc/>
    public void Advanced(ImportCounters counters, double? fraction)
    {
        lock (_turn)
        {
            _fractionBefore ??= _linesBefore > 0 && fraction is { } f && counters.Lines > 0 ? f * _linesBefore / counters.Lines : 0;
            if (_line.IsDue)
                _line.Show(Describe(counters, fraction));
        }
    }

    /// <inheritdoc/>
    public void Waiting(TimeSpan pause, string why)
    {
        lock (_turn)
        {
            // Several calls wait for the same cause at once.
            if (_waitShown is { } shown && _time.GetElapsedTime(shown) < WaitInterval)
                return;
            _waitShown = _time.GetTimestamp();
            _line.Say(string.Create(CultureInfo.InvariantCulture, $"waiting {pause.TotalSeconds:0.0} s: {why}"));
        }
    }

    /// <summary>Removes the bar before something else is printed.</summary>
    public void Clear()
    {
        lock (_turn)
        {
            _line.Clear();
        }
    }

    private string Describe(ImportCounters counters, double? fraction)
    {
        var elapsed = _time.GetElapsedTime(_started);
        var rate = elapsed > TimeSpan.Zero ? (counters.Lines - _linesBefore) / elapsed.TotalSeconds : 0;
        var rejected = counters.LinesRejected > 0 ? string.Create(CultureInfo.InvariantCulture, $", {counters.LinesRejected:N0} rejected") : "";
        var text = string.Create(CultureInfo.InvariantCulture, $"{counters.Lines:N0} lines{rejected}, {rate:N0}/s");
        if (fraction is not { } done)
            return text;
        var left = done > _fractionBefore ? elapsed * ((1 - done) / (done - _fractionBefore.Value)) : (TimeSpan?)null;
        var timeLeft = left is { } span ? $", {Span(span)} left" : "";
        var percent = string.Create(CultureInfo.InvariantCulture, $"{done * 100,3:0}%");
        if (!_line.IsTerminal)
            return $"{percent.TrimStart()}, {text}{timeLeft}";
        var filled = (int)(done * BarWidth);
        return $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {percent}  {text}{timeLeft}";
    }

    private static string Span(TimeSpan span)
    {
        var seconds = (long)Math.Round(span.TotalSeconds);
        return seconds < 60
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}:{seconds % 60:00} min");
    }
}
