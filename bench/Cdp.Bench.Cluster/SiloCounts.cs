using System.Globalization;

namespace Cdp.Bench.Cluster;

/// <summary>How many silos a benchmark runs with, one number after the other.</summary>
internal static class SiloCounts
{
    /// <summary>One line about the arguments.</summary>
    public const string Usage = "numbers of silos may follow, else 1 2 3";

    /// <summary>The numbers that the command line names.</summary>
    /// <exception cref="UsageException">One is no number of silos.</exception>
    public static IReadOnlyList<int> Of(BenchArguments arguments) => arguments.Rest.Count == 0 ? [1, 2, 3] : [.. arguments.Rest.Select(NumberOf)];

    private static int NumberOf(string text) =>
        BenchArguments.TryReadPositive(text, out var silos) ? silos : throw new UsageException($"'{text}' is no number of silos: {Usage}.");

    /// <summary>The median of figures.</summary>
    public static double Median<T>(this IReadOnlyCollection<T> rounds, Func<T, double> figure) => rounds.Select(figure).Order().ElementAt(rounds.Count / 2);

    /// <summary>Median and range of figures, for people.</summary>
    public static string Spread<T>(this IReadOnlyCollection<T> rounds, Func<T, double> figure) =>
        string.Create(CultureInfo.InvariantCulture, $"{rounds.Median(figure):n2} ({rounds.Min(figure):n2}–{rounds.Max(figure):n2})");
}
