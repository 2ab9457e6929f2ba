using System.Diagnostics;
using System.Globalization;
using Cdp.Grains.Ports;

namespace Cdp.Grains.Hosting;

/// <summary>
/// Kills this process, as <c>kill -9</c> does, when a named step of recovery is reached for the n-th time. For crash
/// tests: set <c>CDP_CRASH_AT=step:n</c>.
/// </summary>
public sealed class CrashAt : IStepObserver
{
    /// <summary>The variable that names the step.</summary>
    public const string Variable = "CDP_CRASH_AT";

    private readonly string _step;
    private int _left;

    private CrashAt(string step, int times)
    {
        _step = step;
        _left = times;
    }

    /// <summary>Reads <c>step:n</c>; without a text, nothing ever crashes.</summary>
    /// <param name="text">The variable's value.</param>
    /// <param name="wrong">Makes the exception for a text that names no step.</param>
    public static IStepObserver Parse(string? text, Func<string, Exception> wrong)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        if (string.IsNullOrEmpty(text)) return NoStepObserver.Instance;
        var parts = text.Split(':');
        if (!RecoverySteps.All.Contains(parts[0]) || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out _)))
            throw wrong($"{Variable}: give STEP:N, STEP being one of {string.Join(", ", RecoverySteps.All)}.");
        return new CrashAt(parts[0], parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1);
    }

    /// <inheritdoc/>
    public void Reached(string step)
    {
        if (step != _step) return;
        var left = Interlocked.Decrement(ref _left);
        if (left > 0) return;
        if (left == 0) Process.GetCurrentProcess().Kill();

        // Nobody else gets past the step in the moment that the kill takes.
        Thread.Sleep(Timeout.Infinite);
    }
}
