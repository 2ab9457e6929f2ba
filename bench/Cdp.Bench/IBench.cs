using System.Globalization;

namespace Cdp.Bench;

/// <summary>A benchmark that measures its subject and its baseline in the same run.</summary>
internal interface IBench
{
    /// <summary>Name on the command line.</summary>
    string Name { get; }

    /// <summary>One line: what is divided by what, and the goal.</summary>
    string Description { get; }

    /// <summary>Runs it and prints a table for people.</summary>
    Task<BenchResult> RunAsync(BenchArguments arguments, CancellationToken cancellationToken);
}

/// <summary>What the command line said.</summary>
/// <param name="Seconds">Time to measure in all, without preparation.</param>
/// <param name="Rest">Arguments that only the benchmark knows.</param>
internal sealed record BenchArguments(double Seconds, IReadOnlyList<string> Rest)
{
    /// <summary>Whether the command line named the time.</summary>
    public bool SecondsGiven { get; init; }

    /// <summary>Reads a positive number.</summary>
    public static bool TryReadPositive(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;

    /// <summary>The number that the only option of a benchmark takes.</summary>
    /// <param name="option">Its name.</param>
    /// <param name="otherwise">Where it is not given.</param>
    /// <exception cref="UsageException">Something else is given.</exception>
    public int NumberOf(string option, int otherwise) => Rest switch
    {
        [] => otherwise,
        [var name, var text] when name == option && TryReadPositive(text, out var number) => number,
        _ => throw new UsageException($"{option} takes a positive number."),
    };
}

/// <summary>A benchmark's figures.</summary>
/// <param name="Ratio">Subject by baseline, as the description says.</param>
/// <param name="Figures">Further figures by name, units in the name.</param>
internal sealed record BenchResult(double Ratio, IReadOnlyDictionary<string, double> Figures);
