using System.Security.Cryptography;
using System.Text;
using Cdp.Client;
using Cdp.Gateway.Keys;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Tokens of an issuer of OpenID Connect, beside keys.</summary>
public sealed class JwtTests : IAsyncLifetime
{
    private const string Shop = "shop";

    private readonly ShiftedTime _time = new();
    private TestIssuer _issuer = null!;
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync(_time);
        _server = await GatewayFixture.StartAsync(time: _time, issuers: [new JwtIssuer(_issuer.Url, TestIssuer.Audience) { DefaultPurpose = "service", Source = "portal" }]);
        await AllowAsync(Shop, _issuer.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task A_token_is_a_caller_of_its_tenant_with_its_roles()
    {
        using var writer = _server.ClientWith(_issuer.Token(Shop, "writer"));
        using var reader = _server.ClientWith(_issuer.SignEc(_issuer.Claims(Shop, ["cdp.reader", "unheard of"])));
        var made = GatewayFixture.Event("1", "Seen", ("user_id", "ann"));
        made.Source = "";
        var published = await writer.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Cancel);
        var read = new GetProfileRequest { Customer = GatewayFixture.Ref("user_id", "ann"), AfterToken = published.Token, Fields = { "recent_events" } };

        var profile = (await reader.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile;

        Assert.Equal("portal", Assert.Single(profile.RecentEvents).Source);
        await Calls.RefusedAsync(writer.Profiles.GetProfileAsync(read, cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");
        await Calls.RefusedAsync(reader.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");
        await RefusedAsync(_issuer.Sign(_issuer.Claims(Shop, [])), Code.PermissionDenied, "ROLE_MISSING");
        Assert.Equal(1, _issuer.Reads);
    }

    [Fact]
    public async Task An_admin_by_token_is_never_the_operator()
    {
        await AllowAsync("default", _issuer.Url);
        using var admin = _server.ClientWith(_issuer.Token("default", "admin", ("operator", true)));

        Assert.Equal("default", (await admin.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant.Id);
        await Calls.RefusedAsync(admin.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(admin.Admin.RotateKeyAsync(new RotateKeyRequest { KeyId = "operator" }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(admin.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "mine" } }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_token_has_a_reason()
    {
        var good = _issuer.Token(Shop, "admin");
        var parts = good.Split('.');
        var publicKey = _issuer.Rsa.ExportSubjectPublicKeyInfo();
        var pem = Encoding.ASCII.GetBytes(_issuer.Rsa.ExportSubjectPublicKeyInfoPem());
        var modulus = _issuer.Rsa.ExportParameters(false).Modulus!;
        var claims = _issuer.Claims(Shop, ["cdp.admin"]);
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        using var stranger = RSA.Create(2048);
        (string Token, string Reason)[] wrong =
        [
            ("eyJ.eyJ.x", "JWT_MALFORMED"),
            ("ey!.ey!.x", "JWT_MALFORMED"),
            ($"{parts[0]}.{parts[1][..^3]}.{parts[2]}", "JWT_MALFORMED"),
            (TestIssuer.Sign("no claims", "RS256", "first", _ => []), "JWT_MALFORMED"),
            (TestIssuer.Sign(claims, "none", "first", _ => []), "JWT_ALGORITHM_UNSUPPORTED"),
            (TestIssuer.Sign(claims, "None", "first", _ => []), "JWT_ALGORITHM_UNSUPPORTED"),
            .. ((byte[][])[publicKey, pem, modulus]).Select(secret => (TestIssuer.Sign(claims, "HS256", "first", text => HMACSHA256.HashData(secret, text)), "JWT_ALGORITHM_UNSUPPORTED")),
            (_issuer.Token(Shop, "admin", ("iss", "https://elsewhere.example")), "JWT_ISSUER_UNKNOWN"),
            (_issuer.Token(Shop, "admin", ("iss", $"{_issuer.Url}/")), "JWT_ISSUER_UNKNOWN"),
            (_issuer.Token(Shop, "admin", ("iss", null)), "JWT_ISSUER_UNKNOWN"),
            (_issuer.Token(Shop, "admin", ("aud", "another")), "JWT_AUDIENCE_WRONG"),
            (_issuer.Token(Shop, "admin", ("aud", null)), "JWT_AUDIENCE_WRONG"),
            (_issuer.Token(Shop, "admin", ("exp", now - 61)), "JWT_EXPIRED"),
            (_issuer.Token(Shop, "admin", ("exp", null)), "JWT_EXPIRED"),
            (_issuer.Token(Shop, "admin", ("nbf", now + 90)), "JWT_NOT_YET_VALID"),
            ($"{parts[0]}.{_issuer.Token("other", "admin").Split('.')[1]}.{parts[2]}", "JWT_SIGNATURE_INVALID"),
            ($"{parts[0]}.{parts[1]}.", "JWT_SIGNATURE_INVALID"),
            ($"{parts[0]}.{parts[1]}.{parts[2][..^8]}AAAAAAAA", "JWT_SIGNATURE_INVALID"),
            (TestIssuer.Sign(claims, "RS256", "first", text => stranger.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), "JWT_SIGNATURE_INVALID"),
            (TestIssuer.Sign(claims, "ES256", "first", text => _issuer.Ec.SignData(text, HashAlgorithmName.SHA256)), "JWT_SIGNATURE_INVALID"),
            (TestIssuer.Sign(claims, "RS256", "unheard of", text => stranger.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), "JWT_KEY_UNKNOWN"),
        ];
        foreach (var (token, reason) in wrong) await RefusedAsync(token, Code.Unauthenticated, reason);
        await AdmittedAsync(good);
        await AdmittedAsync(_issuer.Token(Shop, "admin", ("aud", new[] { "another", TestIssuer.Audience }), ("nbf", now + 30), ("exp", now - 30)));
    }

    [Fact]
    public async Task What_is_odd_in_a_token_harms_nobody()
    {
        object[] odd = [-1, 1e300, long.MaxValue, "text", true, Array.Empty<int>(), new { a = 1 }, new object?[] { null, 7, "cdp.reader" }];
        foreach (var name in (string[])["iss", "aud", "sub", "iat", "nbf", "exp", "cdp_tenant", "roles"])
        {
            foreach (var value in odd)
            {
                using var client = _server.ClientWith(_issuer.Token(Shop, "reader", (name, value)));
                var error = await Record.ExceptionAsync(() => client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel));
                if (error is not null) Assert.Contains(Assert.IsType<CallException>(error).StatusCode, (Code[])[Code.Unauthenticated, Code.PermissionDenied]);
            }
        }
    }

    [Fact]
    public async Task A_token_reaches_no_tenant_that_does_not_name_its_issuer()
    {
        await AllowAsync("bank", "https://elsewhere.example");
        await AllowAsync("blog");
        foreach (var tenant in (object?[])["bank", "blog", "nobody", "", null, new string('t', 500), "SHOP", new[] { Shop }])
            await RefusedAsync(_issuer.Token(Shop, "admin", ("cdp_tenant", tenant)), Code.PermissionDenied, "JWT_TENANT_FORBIDDEN");

        // What was remembered is forgotten when the tenant changes its mind.
        var token = _issuer.Token(Shop, "admin");
        await AdmittedAsync(token);
        await AllowAsync(Shop);
        await RefusedAsync(token, Code.PermissionDenied, "JWT_TENANT_FORBIDDEN");
    }

    [Fact]
    public async Task A_token_that_was_remembered_ends_at_its_time()
    {
        var token = _issuer.Token(Shop, "reader");
        await AdmittedAsync(token);
        _time.Shift += TimeSpan.FromSeconds(600 + 50);
        await AdmittedAsync(token);
        _time.Shift += TimeSpan.FromSeconds(11);
        await RefusedAsync(token, Code.Unauthenticated, "JWT_EXPIRED");
    }

    [Fact]
    public async Task New_keys_of_an_issuer_are_found_and_old_ones_forgotten_within_the_hour()
    {
        var old = _issuer.Token(Shop, "reader", ("exp", _time.GetUtcNow().ToUnixTimeSeconds() + 86_400));
        await AdmittedAsync(old);
        _issuer.Rotate();
        var fresh = _issuer.Token(Shop, "reader");

        // They were read a moment ago, and whoever likes may make up names of keys.
        await RefusedAsync(fresh, Code.Unauthenticated, "JWT_KEY_UNKNOWN");
        Assert.Equal(1, _issuer.Reads);
        _time.Shift += TimeSpan.FromSeconds(31);
        await AdmittedAsync(fresh);
        Assert.Equal(2, _issuer.Reads);

        await AdmittedAsync(old);
        _time.Shift += TimeSpan.FromMinutes(62);
        await RefusedAsync(old, Code.Unauthenticated, "JWT_KEY_UNKNOWN");
    }

    [Fact]
    public async Task An_issuer_that_is_down_is_waited_for_and_one_that_was_reached_is_not_needed()
    {
        _issuer.IsDown = true;
        await RefusedAsync(_issuer.Token(Shop, "reader"), Code.Unavailable, "JWT_ISSUER_UNAVAILABLE");
        _issuer.IsDown = false;
        _time.Shift += TimeSpan.FromSeconds(2);
        await AdmittedAsync(_issuer.Token(Shop, "reader"));

        _issuer.IsDown = true;
        _time.Shift += TimeSpan.FromHours(2);
        await AdmittedAsync(_issuer.Token(Shop, "reader", ("sub", "another")));
    }

    [Fact]
    public async Task A_discovery_document_of_another_issuer_is_not_believed()
    {
        _issuer.ClaimsToBe = "https://elsewhere.example";
        await RefusedAsync(_issuer.Token(Shop, "reader"), Code.Unavailable, "JWT_ISSUER_UNAVAILABLE");
    }

    [Fact]
    public async Task Claims_and_roles_are_mapped_as_configured()
    {
        var issuer = new JwtIssuer(_issuer.Url, TestIssuer.Audience)
        {
            Tenant = Shop, RolesClaim = "realm_access.roles", Roles = new Dictionary<string, IReadOnlyList<Role>>(StringComparer.Ordinal) { ["team"] = [Role.Reader, Role.Writer] },
        };
        await using var server = await GatewayFixture.StartAsync(time: _time, issuers: [issuer]);
        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = Shop, JwtIssuers = { _issuer.Url } } }, cancellationToken: Cancel);
        foreach (var roles in (object[])[new[] { "team", "cdp.admin" }, "cdp.admin team"])
        {
            // The tenant that the token names does not count here, nor the words of the default mapping.
            using var client = server.ClientWith(_issuer.Token("other", "admin", ("realm_access", new { roles })));
            Assert.Empty((await client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)).Segments);
            await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.PermissionDenied, "ROLE_MISSING");
        }
    }

    [Fact]
    public async Task Keys_stay_keys()
    {
        using var admin = await _server.ClientOfAsync(Role.Admin, Shop);
        Assert.Equal(Shop, (await admin.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant.Id);
        foreach (var text in (string[])["cdp_shop_x_a.b.c", "a.b.c", "ey.x", "eyJhbGciOiJub25lIn0", "ey.a.b.c.d"]) await RefusedAsync(text, Code.Unauthenticated, "KEY_UNKNOWN");

        await using var without = await GatewayFixture.StartAsync(time: _time);
        using var client = without.ClientWith(_issuer.Token(Shop, "admin"));
        await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.Unauthenticated, "KEY_UNKNOWN");
    }

    [Fact]
    public async Task Who_called_stands_in_the_receipt_without_a_word_of_who_it_is()
    {
        using var admin = _server.ClientWith(_issuer.Token(Shop, "admin", ("sub", "ann@example.org")));
        foreach (var id in (string[])["1", "2"])
        {
            var request = new PublishEventsRequest { Events = { GatewayFixture.Event(id, "Seen", ("user_id", $"u{id}")) } };
            await admin.Ingest.PublishEventsAsync(request, cancellationToken: Cancel);
        }

        var first = (await admin.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("user_id", "u1") }, cancellationToken: Cancel)).Receipt;
        var second = (await admin.Privacy.EraseCustomerAsync(new EraseCustomerRequest { Customer = GatewayFixture.Ref("user_id", "u2") }, cancellationToken: Cancel)).Receipt;
        Assert.Matches("^jwt:[0-9a-f]{16}$", first.RequestedBy);
        Assert.Equal(first.RequestedBy, second.RequestedBy);
    }

    private async Task AllowAsync(string tenant, params string[] issuers) =>
        await _server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = tenant, JwtIssuers = { issuers } } }, cancellationToken: Cancel);

    private async Task AdmittedAsync(string token)
    {
        using var client = _server.ClientWith(token);
        Assert.Empty((await client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel)).Segments);
    }

    private async Task RefusedAsync(string token, Code code, string reason)
    {
        using var client = _server.ClientWith(token);
        await Calls.RefusedAsync(client.Segments.ListSegmentsAsync(new ListSegmentsRequest(), cancellationToken: Cancel), code, reason);
    }
}
