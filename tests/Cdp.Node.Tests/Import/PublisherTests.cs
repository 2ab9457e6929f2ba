using Cdp.Node.Api;
using Cdp.Node.Import;
using Cdp.V1;

namespace Cdp.Node.Tests.Import;

public sealed class PublisherTests : IDisposable
{
    private readonly FakeApi _api = new();
    private readonly SteppingTime _time = new();
    private readonly List<string> _waits = [];

    [Fact]
    public async Task A_server_that_is_away_is_tried_again_with_growing_pauses()
    {
        _api.BeforePublish = (call, _) => call <= 4 ? throw new CdpApiException(CdpStatus.Unavailable, "down") : Task.CompletedTask;
        var response = await PublishAsync();
        Assert.Equal(1, response.Accepted);
        Assert.Equal([200, 400, 800, 1600], _time.Pauses.Select(pause => (int)pause.TotalMilliseconds));
        Assert.Equal(["down", "down", "down", "down"], _waits);
    }

    [Fact]
    public async Task A_server_that_names_a_pause_is_given_it_however_long_it_takes()
    {
        _api.BeforePublish = (call, _) => call <= 30
            ? throw new CdpApiException(CdpStatus.ResourceExhausted, "later", retryAfter: TimeSpan.FromSeconds(20))
            : Task.CompletedTask;
        await PublishAsync();
        Assert.Equal(Enumerable.Repeat(20.0, 30), _time.Pauses.Select(pause => pause.TotalSeconds));
    }

    [Fact]
    public async Task A_server_that_stays_away_is_given_up_sooner_when_it_never_answered()
    {
        _api.BeforePublish = (call, _) => call == 2 ? Task.CompletedTask : throw new CdpApiException(CdpStatus.Unavailable, "down");
        var publisher = new Publisher(_api, _time, (_, why) => _waits.Add(why));
        await publisher.PublishAsync(Request(), TestContext.Current.CancellationToken);
        _time.Pauses.Clear();
        var failure = await Assert.ThrowsAsync<CdpApiException>(() => publisher.PublishAsync(Request(), TestContext.Current.CancellationToken));
        Assert.Equal("down", failure.Message);
        Assert.InRange(Waited(), Publisher.GiveUpAfter, Publisher.GiveUpAfter + TimeSpan.FromSeconds(15));
        _time.Pauses.Clear();
        await Assert.ThrowsAsync<CdpApiException>(PublishAsync);
        Assert.InRange(Waited(), Publisher.GiveUpUnseenAfter, Publisher.GiveUpUnseenAfter * 2);
    }

    [Theory]
    [InlineData(CdpStatus.Unauthenticated)]
    [InlineData(CdpStatus.PermissionDenied)]
    [InlineData(CdpStatus.InvalidArgument)]
    [InlineData(CdpStatus.Internal)]
    public async Task A_refusal_is_not_tried_again(CdpStatus status)
    {
        _api.BeforePublish = (_, _) => throw new CdpApiException(status, "no");
        await Assert.ThrowsAsync<CdpApiException>(PublishAsync);
        Assert.Equal(1, _api.Calls);
    }

    public void Dispose() => _api.Dispose();

    private Task<PublishEventsResponse> PublishAsync() =>
        new Publisher(_api, _time, (_, why) => _waits.Add(why)).PublishAsync(Request(), TestContext.Current.CancellationToken);

    private TimeSpan Waited() => _time.Pauses.Aggregate(TimeSpan.Zero, (sum, pause) => sum + pause);

    private static PublishEventsRequest Request() => new() { Events = { new Event { Id = "1", Type = "Seen" } } };
}
