namespace Cdp.Node.Import;

/// <summary>Shows how far something is: one line drawn again and again on a terminal, otherwise a plain line now and then.</summary>
internal sealed class StatusLine
{
    private static readonly TimeSpan DrawnInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private long _shown;
    private int _drawn;

    /// <param name="output">Where it is shown; the standard error.</param>
    /// <param name="isTerminal">Whether a line can be drawn again.</param>
    /// <param name="time">The clock.</param>
    public StatusLine(TextWriter output, bool isTerminal, TimeProvider time)
    {
        _output = output;
        IsTerminal = isTerminal;
        _time = time;
        _shown = time.GetTimestamp();
    }

    public bool IsTerminal { get; }

    /// <summary>Whether it is time to show something again.</summary>
    public bool IsDue => _time.GetElapsedTime(_shown) >= (IsTerminal ? DrawnInterval : PlainInterval);

    public void Show(string text)
    {
        _shown = _time.GetTimestamp();
        if (IsTerminal)
            Draw(text);
        else
            _output.WriteLine(text);
    }

    /// <summary>Writes a line that stays.</summary>
    public void Say(string text)
    {
        Clear();
        _output.WriteLine(text);
    }

    /// <summary>Removes what is drawn before something else is printed.</summary>
    public void Clear()
    {
        if (_drawn == 0)
            return;
        Draw("");
        _output.Write('\r');
    }

    private void Draw(string text)
    {
        _output.Write('\r');
        _output.Write(text.PadRight(_drawn));
        _drawn = text.Length;
        _output.Flush();
    }
}
