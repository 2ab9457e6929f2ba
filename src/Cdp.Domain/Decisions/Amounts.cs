using Cdp.Domain.Events;
using Cdp.V1;
using Evidence = Cdp.Domain.Learning.Evidence;

namespace Cdp.Domain.Decisions;

/// <summary>Amounts of money as decisions count them: in 10^-4 units.</summary>
public static class Amounts
{
    private const long NanosPerPart = Decimals.One / Evidence.ValueScale;

    /// <summary>Reads an amount from 0 to <see cref="Evidence.MaxValue"/> with at most 4 digits after the point.</summary>
    /// <param name="money">The amount.</param>
    /// <param name="currency">In which it has to be.</param>
    /// <param name="scaled">The amount in 10^-4 units.</param>
    public static bool TryRead(Money money, string currency, out long scaled)
    {
        scaled = 0;
        if (!string.Equals(money.CurrencyCode, currency, StringComparison.Ordinal)
            || !Decimals.TryParse(money.Amount, out var nanos)
            || nanos < 0 || nanos > (Int128)Evidence.MaxValue * Decimals.One || nanos % NanosPerPart != 0)
        {
            return false;
        }

        scaled = (long)(nanos / NanosPerPart);
        return true;
    }

    /// <summary>A stated amount that was checked when it was put, in 10^-4 units; 1 unit where there is none.</summary>
    internal static long ToScaled(Money? money) =>
        money is not null && Decimals.TryParse(money.Amount, out var nanos) ? (long)(nanos / NanosPerPart) : Evidence.ValueScale;

    /// <summary>The same in units; null where there is none.</summary>
    internal static double? ToDouble(Money? money) => money is null ? null : (double)ToScaled(money) / Evidence.ValueScale;
}
