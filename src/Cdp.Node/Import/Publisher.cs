using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>
/// Publishes batches and repeats what failed for a while. Repeating is safe: event ids make a batch count once.
/// </summary>
public sealed class Publisher
{
    /// <summary>How long a server that answered before is tried again for one batch.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);

    /// <summary>How long a server that never answered is tried again: its address may be wrong.</summary>
    public static readonly TimeSpan GiveUpUnseenAfter = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly ICdpApi _api;
    private readonly TimeProvider _time;
    private readonly Action<TimeSpan, string> _waiting;
    private volatile bool _hasAnswered;

    /// <summary>Prepares publishing.</summary>
    /// <param name="api">The server.</param>
    /// <param name="time">Clock of the pauses.</param>
    /// <param name="waiting">Told of every pause and its cause.</param>
    public Publisher(ICdpApi api, TimeProvider time, Action<TimeSpan, string> waiting)
    {
        _api = api;
        _time = time;
        _waiting = waiting;
    }

    /// <summary>Publishes one batch.</summary>
    /// <exception cref="CdpApiException">The server refused the batch, or could not be reached for too long.</exception>
    public async Task<PublishEventsResponse> PublishAsync(PublishEventsRequest request, CancellationToken cancel)
    {
        var started = _time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var response = await _api.PublishEventsAsync(request, cancel);
                _hasAnswered = true;
                return response;
            }
            catch (CdpApiException e) when (e.IsTransient && MayRepeat(e, started))
            {
                var pause = Pause(e, attempt);
                _waiting(pause, e.Message);
                await Task.Delay(pause, _time, cancel);
            }
        }
    }

    // A server that says when to come back lives; one that does not answer is given up at some point.
    private bool MayRepeat(CdpApiException failure, long started) =>
        failure is { Status: CdpStatus.ResourceExhausted, RetryAfter: not null } || _time.GetElapsedTime(started) < (_hasAnswered ? GiveUpAfter : GiveUpUnseenAfter);

    private static TimeSpan Pause(CdpApiException failure, int attempt)
    {
        var backoff = FirstPause * Math.Pow(2, Math.Min(attempt, 10));
        var own = backoff < LongestPause ? backoff : LongestPause;
        return failure.RetryAfter is { } asked && asked > own ? asked : own;
    }
}
