using Cdp.Grains;

namespace Cdp.Gateway;

/// <summary>
/// Calls again where an activation answered that another one had overtaken: it knew less than was written, did nothing and is
/// gone, so that the next call meets one that reads what is there.
/// </summary>
internal static class Overtaken
{
    /// <summary>How often a call is sent again before its failure is the caller's: more often it is not one activation that was left behind.</summary>
    public const int MostTimes = 3;

    /// <summary>Calls, and again where an overtaken activation answers.</summary>
    public static async ValueTask<TReply> AgainAsync<TRequest, TReply>(
        Func<TRequest, CancellationToken, ValueTask<TReply>> call, TRequest request, CancellationToken cancellationToken)
    {
        for (var times = 0; ; times++)
        {
            try
            {
                return await call(request, cancellationToken);
            }
            catch (OwnershipLostException) when (times < MostTimes)
            {
            }
        }
    }
}
