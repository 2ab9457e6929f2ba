using System.Net;
using System.Text;
using System.Text.Json;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Tests.Flow;

/// <summary>A whole story with nothing but HTTP and JSON: the same handlers, and so the same answers.</summary>
public sealed class JsonTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayFixture.StartAsync();
        _http.BaseAddress = _server.HttpUrl;
        _http.DefaultRequestHeaders.Add("Authorization", $"Bearer {GatewayFixture.OperatorKey}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Events_are_published_seen_decided_upon_and_explained()
    {
        await CallAsync("Segments/PutSegment", """{"segment":{"id":"lookers","expression":"events.count >= 1"}}""");
        await CallAsync("Decisions/PutPlacement", """{"placement":{"id":"home","channel":"web","slots":1}}""");
        await CallAsync("Decisions/PutAction", """{"action":{"id":"repair","payloads":[{"channel":"web","key":"banner-7"}]}}""");
        var published = await CallAsync("Ingest/PublishEvents", """
            {"events":[{"id":"e1","kind":"EVENT_KIND_TRACK","type":"Product Viewed","source":"shop","channel":"web",
              "identifiers":[{"namespace":"user_id","value":"u1"}],"properties":{"sku":{"stringValue":"W1"},"price":{"doubleValue":449}}}]}
            """);
        Assert.Equal(1, published.GetProperty("accepted").GetInt32());
        var token = published.GetProperty("token").GetString();

        var profile = (await CallAsync("Profiles/GetProfile", $$$"""{"customer":{"identifier":{"namespace":"user_id","value":"u1"}},"purpose":"service","afterToken":"{{{token}}}"}""")).GetProperty("profile");
        Assert.Equal("1", profile.GetProperty("activity").GetProperty("eventCount").GetString());
        var same = JsonFormatter.Default.Format((await _server.Client.Profiles.GetProfileAsync(
            new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "u1"), Purpose = "service" }, cancellationToken: Cancel)).Profile);
        Assert.Equal(WithoutTime(JsonDocument.Parse(same).RootElement), WithoutTime(profile));

        var memberships = await CallAsync("Segments/ListMemberships", """{"customer":{"identifier":{"namespace":"user_id","value":"u1"}},"purpose":"service"}""");
        Assert.Equal("lookers", memberships.GetProperty("memberships")[0].GetProperty("segment").GetString());
        var decided = await CallAsync("Decisions/Decide", """{"identifiers":[{"namespace":"user_id","value":"u1"}],"placement":"home","consistency":"DECISION_CONSISTENCY_SYNC"}""");
        Assert.Equal("repair", decided.GetProperty("ranked")[0].GetProperty("actionId").GetString());
        var explained = await CallAsync("Decisions/ExplainDecision", $$$"""{"decisionId":"{{{decided.GetProperty("decisionId").GetString()}}}"}""");
        Assert.Equal(decided.GetProperty("ranked").ToString(), explained.GetProperty("decision").GetProperty("ranked").ToString());
    }

    [Fact]
    public async Task An_event_that_cannot_be_taken_names_its_field()
    {
        var reply = await CallAsync("Ingest/PublishEvents", """{"events":[{"id":"e1","kind":"EVENT_KIND_TRACK","type":"Seen","source":"shop","channel":"web","identifiers":[{"namespace":"email","value":"nobody"}]}]}""");

        var refused = reply.GetProperty("refused")[0];
        Assert.Equal(("EMAIL_INVALID", "identifiers[0].value"), (refused.GetProperty("reason").GetString(), refused.GetProperty("field").GetString()));
    }

    [Theory]
    [InlineData("""{"events":[{"idd":"e1"}]}""", "Unknown field: idd")]
    [InlineData("""{"events":{"id":"e1"}}""", "repeated")]
    public async Task What_is_no_request_is_refused_as_a_whole(string body, string named)
    {
        using var reply = await PostAsync("Ingest/PublishEvents", body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Contains(named, await reply.Content.ReadAsStringAsync(Cancel), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Without_a_key_nothing_is_answered()
    {
        _http.DefaultRequestHeaders.Remove("Authorization");
        using var reply = await PostAsync("Admin/ListTenants", "{}");

        Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
        Assert.Contains("unauthenticated", await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    /// <summary>When it was rendered differs from read to read.</summary>
    private static string WithoutTime(JsonElement profile) =>
        string.Join(';', profile.EnumerateObject().Where(field => field.Name is not "asOf" and not "renderedAt").Select(field => $"{field.Name}={field.Value}"));

    private async Task<JsonElement> CallAsync(string method, string body)
    {
        using var reply = await PostAsync(method, body);
        var text = await reply.Content.ReadAsStringAsync(Cancel);
        Assert.True(reply.IsSuccessStatusCode, $"{method}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<HttpResponseMessage> PostAsync(string method, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _http.PostAsync($"/cdp.v1.{method}", content, Cancel);
    }
}
