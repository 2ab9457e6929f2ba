using System.Net;
using Cdp.Rpc.Tests.Harness;

namespace Cdp.Rpc.Tests;

/// <summary>What a browser is told of pages from elsewhere, as it stands in the headers.</summary>
public sealed class CrossOriginTests : IAsyncLifetime
{
    private const string Ours = "https://shop.example";
    private const string Theirs = "https://other.example";
    private const string Stranger = "https://stranger.example";
    private const string Echo = "/probe.v1.Probe/Echo";

    private readonly TestOrigins _origins = new() { Allowed = { [Ours] = "ours", [Theirs] = "theirs" } };
    private ProbeServer _server = null!;
    private HttpClient _http = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = new ProbeServer { Origins = _origins, Gate = TestOrigins.GateAsync };
        await _server.InitializeAsync();
        _http = new HttpClient { BaseAddress = _server.HttpAddress };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(Ours)]
    [InlineData(Theirs)]
    public async Task Before_a_call_a_page_that_anybody_allows_is_told_how_to_call(string origin)
    {
        using var reply = await AskAsync(origin);

        Assert.Equal((HttpStatusCode.NoContent, origin, "POST"), (reply.StatusCode, Header(reply, "Access-Control-Allow-Origin"), Header(reply, "Access-Control-Allow-Methods")));
        var headers = Header(reply, "Access-Control-Allow-Headers")!.Split(", ");
        Assert.All((string[])["Authorization", "Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms"], name => Assert.Contains(name, headers));
        Assert.Equal(("Origin", "7200"), (Header(reply, "Vary"), Header(reply, "Access-Control-Max-Age")));
        Assert.Null(Header(reply, "Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData(Stranger)]
    [InlineData("null")]
    [InlineData("https://shop.example.evil")]
    public async Task Another_page_is_refused(string origin)
    {
        using var reply = await AskAsync(origin);

        Assert.Equal((HttpStatusCode.Forbidden, null), (reply.StatusCode, Header(reply, "Access-Control-Allow-Origin")));
        Assert.Contains("ORIGIN_FORBIDDEN", await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ours, "ours", true)]
    [InlineData(Theirs, "ours", false)]
    [InlineData(Stranger, "ours", false)]
    [InlineData(Ours, "nobody", false)]
    [InlineData(null, "ours", false)]
    public async Task An_answer_is_marked_for_the_pages_that_the_caller_allows(string? origin, string key, bool marked)
    {
        using var reply = await CallAsync(Echo, "{}", origin, key);

        Assert.Equal(key == "nobody" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(marked ? (origin, "*") : (null, null), (Header(reply, "Access-Control-Allow-Origin"), Header(reply, "Access-Control-Expose-Headers")));
        Assert.Equal("Origin", Header(reply, "Vary"));
    }

    [Fact]
    public async Task So_is_an_error()
    {
        using var reply = await CallAsync("/probe.v1.Probe/Fail", """{"code":5,"message":"m"}""", Ours, "ours");

        Assert.Equal((HttpStatusCode.NotFound, Ours), (reply.StatusCode, Header(reply, "Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task A_policy_that_fails_is_a_bug_that_says_nothing()
    {
        _origins.Failure = new InvalidOperationException(ProbeService.SecretText);
        using var reply = await AskAsync(Ours);

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.DoesNotContain(ProbeService.SecretText, await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Single(_server.Log.Errors);
    }

    [Fact]
    public async Task Without_a_policy_nothing_is_said_of_origins()
    {
        await using var plain = await ProbeServer.StartAsync();
        using var http = new HttpClient { BaseAddress = plain.HttpAddress };
        using var question = Question(Ours);
        using var refused = await http.SendAsync(question, Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);

        using var call = Call(Echo, "{}", Ours, "ours");
        using var reply = await http.SendAsync(call, Cancel);
        Assert.Equal((HttpStatusCode.OK, null, null), (reply.StatusCode, Header(reply, "Access-Control-Allow-Origin"), Header(reply, "Vary")));
    }

    [Fact]
    public async Task An_OPTIONS_that_asks_nothing_is_told_to_post()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, Echo);
        using var reply = await _http.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.StatusCode);
    }

    private static string? Header(HttpResponseMessage reply, string name) =>
        reply.Headers.TryGetValues(name, out var values) || reply.Content.Headers.TryGetValues(name, out values) ? Assert.Single(values) : null;

    private static HttpRequestMessage Question(string origin) => new(HttpMethod.Options, Echo)
    {
        Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "POST" }, { "Access-Control-Request-Headers", "authorization,content-type" } },
    };

    private static HttpRequestMessage Call(string path, string body, string? origin, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", $"Bearer {key}");
        if (origin is not null) request.Headers.Add("Origin", origin);
        return request;
    }

    private async Task<HttpResponseMessage> AskAsync(string origin)
    {
        using var question = Question(origin);
        return await _http.SendAsync(question, Cancel);
    }

    private async Task<HttpResponseMessage> CallAsync(string path, string body, string? origin, string key)
    {
        using var call = Call(path, body, origin, key);
        return await _http.SendAsync(call, Cancel);
    }
}
