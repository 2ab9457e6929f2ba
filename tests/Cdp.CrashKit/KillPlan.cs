using System.Globalization;

namespace Cdp.CrashKit;

/// <summary>When a child is killed.</summary>
public abstract record KillPlan
{
    /// <summary>It kills itself at the n-th passing of a named step.</summary>
    public sealed record AtStep(string Step, int Passing) : KillPlan
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Step}:{Passing}");
    }

    /// <summary>It is killed from outside once so many batches were acknowledged, in the midst of others.</summary>
    public sealed record AfterAcknowledgements(int Count) : KillPlan;

    /// <summary>It is killed from outside at a moment after its start, whatever it does then.</summary>
    public sealed record AfterTime(TimeSpan Time) : KillPlan;
}
