namespace Cdp.CrashKit;

/// <summary>Waits for what a child does, with an end: one that does nothing more is a failure that shows what it printed.</summary>
internal static class Patience
{
    /// <summary>How long anything may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Waits for a result.</summary>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static async Task<T> WithinAsync<T>(CdpProcess child, Task<T> task, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await task.WaitAsync(Limit, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Waited {Limit} in vain for {what}.\n{child.Output}", e);
        }
    }

    /// <summary>Waits for an end.</summary>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static Task WithinAsync(CdpProcess child, Task task, string what, CancellationToken cancellationToken) => WithinAsync(child, EndAsync(task), what, cancellationToken);

    private static async Task<bool> EndAsync(Task task)
    {
        await task;
        return true;
    }
}
