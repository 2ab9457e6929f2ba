using System.Globalization;

namespace Cdp.Node.Demo;

/// <summary>Tells the story, chapter by chapter, and keeps count of the proofs.</summary>
/// <param name="output">Where to.</param>
/// <param name="time">The clock.</param>
internal sealed class DemoReport(TextWriter output, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public int Proofs { get; private set; }

    public int Failures { get; private set; }

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public void Chapter(string title)
    {
        output.WriteLine();
        output.WriteLine(title);
        output.WriteLine(new string('-', title.Length));
        output.Flush();
    }

    public void Say(FormattableString text) => Say(text.ToString(CultureInfo.InvariantCulture));

    public void Say(string text)
    {
        output.WriteLine(text);
        output.Flush();
    }

    /// <summary>Shows what a command of the command line would print.</summary>
    public void Show(string text)
    {
        output.WriteLine();
        foreach (var line in text.TrimEnd('\n').Split('\n')) output.WriteLine(line.Length == 0 ? "" : $"    {line}");
        output.WriteLine();
        output.Flush();
    }

    public void Prove(Proof proof, FormattableString figures)
    {
        Proofs++;
        if (!proof.IsOk) Failures++;
        Say(proof.Line(figures.ToString(CultureInfo.InvariantCulture)));
    }
}
