namespace Cdp.Grains.Partitions;

/// <summary>Why an event that was taken in counts for nobody. Those of events that were refused at the door are more: docs/errors.md.</summary>
public static class DeadLetterReasons
{
    /// <summary>The fold throws on it: it stands in its customer's history and is left out.</summary>
    public const string FoldFailed = "FOLD_FAILED";

    /// <summary>Its customer was never minted.</summary>
    public const string CustomerGone = "CUSTOMER_GONE";

    /// <summary>The process died three times when it was handed over alone.</summary>
    public const string CrashedProcess = "EVENT_CRASHED_PROCESS";
}
