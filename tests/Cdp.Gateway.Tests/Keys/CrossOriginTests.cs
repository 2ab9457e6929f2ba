using System.Net;
using System.Text;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Web pages that tenants allow, and those that they do not.</summary>
public sealed class CrossOriginTests : IAsyncLifetime
{
    private const string Shop = "https://shop.example";
    private const string Bank = "https://bank.example:8443";

    private readonly ShiftedTime _time = new();
    private readonly HttpClient _http = new();
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayFixture.StartAsync(time: _time);
        _http.BaseAddress = _server.HttpUrl;
        foreach (var (tenant, origin) in ((string, string)[])[("shop", Shop), ("bank", Bank)])
        {
            await AllowAsync(tenant, origin);
            var key = await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = tenant, Roles = { Role.Reader } }, cancellationToken: Cancel);
            _keys[tenant] = key.Secret;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task By_default_no_page_may_call()
    {
        await using var fresh = await GatewayFixture.StartAsync();
        using var http = new HttpClient { BaseAddress = fresh.HttpUrl };
        using var question = Question(Shop);
        using var reply = await http.SendAsync(question, Cancel);

        Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
        Assert.Contains("ORIGIN_FORBIDDEN", await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Shop, true)]
    [InlineData(Bank, true)]
    [InlineData("http://shop.example", false)]
    [InlineData("https://shop.example:8443", false)]
    [InlineData("https://shop.example.evil", false)]
    [InlineData("null", false)]
    public async Task Before_a_call_a_page_may_ask_that_some_tenant_allows(string origin, bool allowed) =>
        Assert.Equal(allowed, await MayCallAsync(origin));

    [Theory]
    [InlineData("shop", Shop, true)]
    [InlineData("shop", Bank, false)]
    [InlineData("bank", Bank, true)]
    [InlineData("bank", Shop, false)]
    public async Task An_answer_is_for_the_pages_of_the_key_s_tenant(string tenant, string origin, bool allowed)
    {
        using var reply = await CallAsync("Profiles/GetProfile", _keys[tenant], origin);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(allowed ? origin : null, AllowedBy(reply));
        Assert.Equal("Origin", Assert.Single(reply.Headers.GetValues("Vary")));
    }

    [Fact]
    public async Task A_page_reads_that_its_key_lacks_a_role_and_nothing_of_an_unknown_key()
    {
        using var lacking = await CallAsync("Admin/ListKeys", _keys["shop"], Shop);
        using var unknown = await CallAsync("Profiles/GetProfile", "cdp_shop_nobody_x", Shop);

        Assert.Equal((HttpStatusCode.Forbidden, Shop), (lacking.StatusCode, AllowedBy(lacking)));
        Assert.Equal((HttpStatusCode.Unauthorized, null), (unknown.StatusCode, AllowedBy(unknown)));
    }

    [Fact]
    public async Task An_origin_is_known_a_second_after_it_was_added_and_gone_ten_after_it_was_removed()
    {
        const string Added = "https://new.example";
        Assert.False(await MayCallAsync(Added));
        await AllowAsync("shop", Shop, Added);
        Assert.False(await MayCallAsync(Added));
        _time.Shift += TimeSpan.FromSeconds(1);
        Assert.True(await MayCallAsync(Added));

        await AllowAsync("shop", Shop);
        using (var reply = await CallAsync("Profiles/GetProfile", _keys["shop"], Added)) Assert.Null(AllowedBy(reply));
        Assert.True(await MayCallAsync(Added));
        _time.Shift += TimeSpan.FromSeconds(10);
        Assert.False(await MayCallAsync(Added));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("shop.example")]
    [InlineData("ftp://shop.example")]
    [InlineData("https://shop.example/")]
    [InlineData("https://shop.example/path")]
    [InlineData("https://Shop.example")]
    [InlineData("https://shop.example:443")]
    [InlineData("https://user@shop.example")]
    [InlineData("https://bücher.example")]
    [InlineData("https://*.example")]
    public async Task What_no_browser_would_send_is_refused(string origin)
    {
        var put = new PutTenantRequest { Tenant = new Tenant { Id = "shop", AllowedOrigins = { Shop, origin } } };

        var error = await Calls.RefusedAsync(_server.Client.Admin.PutTenantAsync(put, cancellationToken: Cancel), Code.InvalidArgument, "ORIGIN_INVALID");

        Assert.Equal("tenant.allowed_origins[1]", Assert.Single(error.FieldViolations).Field);
    }

    [Fact]
    public async Task Origins_are_up_to_a_hundred_each_once()
    {
        var many = Enumerable.Range(1, 100).Select(port => $"http://localhost:{port + 1000}").ToArray();
        await AllowAsync("shop", [.. many.Take(98), "http://[::1]:5173", "https://xn--bcher-kva.example"]);
        await Calls.RefusedAsync(PutAsync("shop", [.. many, Shop]), Code.ResourceExhausted, "TOO_MANY");
        await Calls.RefusedAsync(PutAsync("shop", Shop, Shop), Code.InvalidArgument, "ORIGIN_INVALID");
    }

    private static string? AllowedBy(HttpResponseMessage reply) =>
        reply.Headers.TryGetValues("Access-Control-Allow-Origin", out var origins) ? Assert.Single(origins) : null;

    private static HttpRequestMessage Question(string origin) => new(HttpMethod.Options, "/cdp.v1.Profiles/GetProfile")
    {
        Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "POST" }, { "Access-Control-Request-Headers", "authorization,content-type" } },
    };

    private async Task<bool> MayCallAsync(string origin)
    {
        using var question = Question(origin);
        using var reply = await _http.SendAsync(question, Cancel);
        var allowed = reply.StatusCode == HttpStatusCode.NoContent;
        Assert.Equal(allowed ? origin : null, AllowedBy(reply));
        return allowed;
    }

    private async Task<HttpResponseMessage> CallAsync(string method, string key, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/cdp.v1.{method}") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", $"Bearer {key}");
        request.Headers.Add("Origin", origin);
        return await _http.SendAsync(request, Cancel);
    }

    private Task<PutTenantResponse> PutAsync(string tenant, params string[] origins) =>
        _server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = tenant, AllowedOrigins = { origins } } }, cancellationToken: Cancel);

    private async Task AllowAsync(string tenant, params string[] origins) => Assert.Equal(origins, (await PutAsync(tenant, origins)).Tenant.AllowedOrigins);
}
