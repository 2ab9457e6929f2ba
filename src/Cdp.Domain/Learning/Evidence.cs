namespace Cdp.Domain.Learning;

/// <summary>
/// What is known of one arm: of the times that it was tried, how often it succeeded and what the successes were worth.
/// Integers, so that adding up in any order and in any parts gives the same.
/// </summary>
/// <param name="Trials">How often its outcome was observed; at least 0.</param>
/// <param name="Successes">How often it succeeded; 0 to <paramref name="Trials"/>.</param>
/// <param name="Value">Sum of the values observed, in 10^-4 units; what brought nothing is worth 0.</param>
/// <param name="SquaredValue">Sum of their squares, in 10^-8.</param>
public readonly record struct Evidence(long Trials, long Successes, Int128 Value, Int128 SquaredValue)
{
    /// <summary>Parts of a unit in which values are counted.</summary>
    public const int ValueScale = 10_000;

    /// <summary>Largest value of one success, either way, in units.</summary>
    public const long MaxValue = 1_000_000_000;

    /// <summary>A trial without success.</summary>
    public static Evidence Failure { get; } = new(1, 0, 0, 0);

    /// <summary>A trial with success.</summary>
    /// <param name="value">Its value in 10^-4 units; at most <see cref="MaxValue"/> units either way.</param>
    public static Evidence Success(long value) => new(1, 1, value, (Int128)value * value);

    /// <summary>Both.</summary>
    public static Evidence operator +(Evidence left, Evidence right) => new(
        left.Trials + right.Trials, left.Successes + right.Successes, left.Value + right.Value, left.SquaredValue + right.SquaredValue);

    /// <summary>What the one has more than the other.</summary>
    public static Evidence operator -(Evidence left, Evidence right) => new(
        left.Trials - right.Trials, left.Successes - right.Successes, left.Value - right.Value, left.SquaredValue - right.SquaredValue);

    /// <summary>What the one has more than the other.</summary>
    public static Evidence Subtract(Evidence left, Evidence right) => left - right;

    /// <summary>Both.</summary>
    public static Evidence Add(Evidence left, Evidence right) => left + right;
}
