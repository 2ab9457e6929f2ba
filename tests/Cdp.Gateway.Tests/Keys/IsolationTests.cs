using Cdp.Gateway.Keys;
using Cdp.Gateway.Tests.Fuzz;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>
/// Every method of the server, as its descriptors name them, called by everybody who should get nothing: whatever comes back
/// is searched for all words of the tenant that was asked about.
/// </summary>
public sealed class IsolationTests : IAsyncLifetime
{
    internal static readonly Role[] Roles = [Role.Writer, Role.Reader, Role.Decider, Role.Admin];

    private const string Other = "other";

    private readonly ShiftedTime _time = new();
    private TestIssuer _issuer = null!;
    private GatewayFixture _server = null!;
    private RawCalls _calls = null!;
    private Victim _victim = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync(_time);
        _server = await GatewayFixture.StartAsync(time: _time, issuers: [new JwtIssuer(_issuer.Url, TestIssuer.Audience) { DefaultPurpose = "service" }]);
        await _server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = Other, JwtIssuers = { _issuer.Url } } }, cancellationToken: Cancel);
        _calls = new RawCalls(_server.Url);
        _victim = await Victim.MakeAsync(_server);
    }

    public async ValueTask DisposeAsync()
    {
        _victim.Dispose();
        _calls.Dispose();
        await _server.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public void Every_method_of_the_server_is_tried() => Assert.Equal(
        _server.Gateway.Services.SelectMany(service => service.Descriptor.Methods).Select(method => $"{method.Service.Name}/{method.Name}").Order(StringComparer.Ordinal),
        Attempts.All.Select(attempt => attempt.Method).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Whoever_is_nobody_gets_nothing_but_the_reason()
    {
        var text = _victim.Secrets[Role.Admin];
        var (revoked, expired, former) = (await EndedAsync(revoke: true), await EndedAsync(revoke: false), await FormerAsync());
        _time.Shift += TimeSpan.FromHours(2);
        var parts = (await MakeAsync(new CreateKeyRequest { TenantId = Other, Roles = { Role.Admin } })).Secret.Split('_', 4);
        var token = _issuer.Claims(Other, ["cdp.admin"]);
        (string What, string? Authorization, Code Code, string Reason)[] nobodies =
        [
            ("without a key", null, Code.Unauthenticated, "KEY_MISSING"),
            ("with a name and password", "Basic YTpi", Code.Unauthenticated, "KEY_MISSING"),
            ("with a key that is one character off", text[..^2] + (text[^2] == 'A' ? 'B' : 'A') + text[^1], Code.Unauthenticated, "KEY_UNKNOWN"),
            ("with another tenant's key under the victim's name", $"cdp_{Victim.Tenant}_{parts[2]}_{parts[3]}", Code.Unauthenticated, "KEY_UNKNOWN"),
            ("with a key of no tenant", $"cdp_nobody_{parts[2]}_{parts[3]}", Code.Unauthenticated, "KEY_UNKNOWN"),
            ("with a revoked key", revoked, Code.Unauthenticated, "KEY_REVOKED"),
            ("with an expired key", expired, Code.Unauthenticated, "KEY_EXPIRED"),
            ("with a secret that was rotated out", former, Code.Unauthenticated, "KEY_EXPIRED"),
            ("with a token that names the victim, of an issuer that it does not", _issuer.Token(Victim.Tenant, "admin"), Code.PermissionDenied, "JWT_TENANT_FORBIDDEN"),
            ("with a token that names nobody", _issuer.Token("nobody", "admin"), Code.PermissionDenied, "JWT_TENANT_FORBIDDEN"),
            ("with a token that another signed", TestIssuer.Sign(token, "RS256", _issuer.Kid, _ => new byte[256]), Code.Unauthenticated, "JWT_SIGNATURE_INVALID"),
        ];

        foreach (var attempt in Attempts.All)
        {
            foreach (var (what, authorization, code, reason) in nobodies)
            {
                foreach (var request in attempt.Requests(_victim))
                {
                    var reply = await SendAsync(attempt, request, authorization);
                    Assert.True((reply.Code, reply.Reason) == (code, reason), $"{attempt.Method} {what}: {reply}");
                    AssertNothingOfTheVictim($"{attempt.Method} {what}", request, reply);
                }
            }
        }
    }

    [Fact]
    public async Task Another_tenant_s_callers_learn_and_change_nothing()
    {
        var before = await ShownAsync();
        var strangers = new List<(string What, Role Role, string Authorization)>();
        foreach (var role in Roles)
        {
            strangers.Add(($"with another tenant's key, {role}", role, (await MakeAsync(new CreateKeyRequest { TenantId = Other, Roles = { role }, DefaultPurpose = "service" })).Secret));
            strangers.Add(($"with another tenant's token, {role}", role, _issuer.Token(Other, role.ToString().ToLowerInvariant())));
        }

        // As long as they wrote nothing, nothing of it can be their own; then they write, and read again.
        byte[] written = [.. Attempts.All.Where(attempt => !attempt.Shows).SelectMany(attempt => attempt.Requests(_victim)).SelectMany(request => request.ToByteArray())];
        await TryAsync(Attempts.All.Where(attempt => attempt.Repeats), []);
        await TryAsync(Attempts.All.Where(attempt => attempt.Shows), []);
        await TryAsync(Attempts.All.Where(attempt => attempt is { Shows: false, Repeats: false }), written);
        await TryAsync(Attempts.All.Where(attempt => attempt.Shows), written);
        Assert.Equal(before, await ShownAsync());

        async Task TryAsync(IEnumerable<Attempt> attempts, byte[] said)
        {
            foreach (var attempt in attempts)
            {
                foreach (var (what, role, authorization) in strangers)
                {
                    foreach (var request in attempt.Requests(_victim))
                    {
                        var reply = await SendAsync(attempt, request, authorization);
                        AssertRole(attempt, role, request, reply, what);
                        Assert.False(attempt.IsOperators && reply.Code == Code.Ok, $"{attempt.Method} {what}: {reply}");
                        AssertNothingOfTheVictim($"{attempt.Method} {what}", request, reply, said);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task Of_its_own_tenant_a_key_gets_what_its_role_allows()
    {
        foreach (var attempt in Attempts.All.Where(attempt => !attempt.Destroys))
        {
            foreach (var (role, secret) in _victim.Secrets)
            {
                var request = attempt.Requests(_victim)[0];
                var reply = await SendAsync(attempt, request, secret);
                AssertRole(attempt, role, request, reply, $"as {role}");
                if (reply.Reason == "ROLE_MISSING") AssertNothingOfTheVictim($"{attempt.Method} as {role}", request, reply);
            }
        }
    }

    /// <summary>Without this, requests that are wrong in themselves would pass for ones that are refused to strangers.</summary>
    [Fact]
    public async Task To_who_owns_the_data_every_request_is_answered()
    {
        var shown = 0;
        foreach (var attempt in Attempts.All.OrderBy(attempt => attempt.Destroys))
        {
            foreach (var request in attempt.Requests(_victim))
            {
                var reply = await SendAsync(attempt, request, attempt.IsOperators ? GatewayFixture.OperatorKey : _victim.Secrets[Role.Admin]);
                Assert.True(reply.Code == (attempt.Timeout == "60S" ? Code.Ok : Code.DeadlineExceeded), $"{attempt.Method}: {reply}");
                if (!attempt.Shows) continue;
                Assert.True(attempt.Method == "Segments/CountMembers" || Found(request, reply).Any(), $"{attempt.Method} shows nothing of the victim's");
                shown++;
            }
        }

        Assert.InRange(shown, 30, int.MaxValue);
    }

    [Fact]
    public async Task A_tail_shows_what_happens_meanwhile_to_its_own_tenant_alone()
    {
        var attempt = Attempts.All.Single(attempt => attempt.Method == "Events/TailEvents");
        var request = attempt.Requests(_victim)[0];
        var theirs = SendAsync(attempt, request, (await MakeAsync(new CreateKeyRequest { TenantId = Other, Roles = { Role.Reader }, DefaultPurpose = "service" })).Secret);
        var ours = SendAsync(attempt, request, _victim.Secrets[Role.Reader]);
        for (var i = 0; !ours.IsCompleted || !theirs.IsCompleted; i++)
            await _victim.Client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Victim.Event($"tailed-{i}") } }, cancellationToken: Cancel);

        Assert.Contains("zq7-value", Found(request, await ours));
        AssertNothingOfTheVictim("a tail", request, await theirs);
        Assert.Equal(Code.DeadlineExceeded, (await theirs).Code);
    }

    private static void AssertRole(Attempt attempt, Role role, IMessage request, RawReply reply, string what)
    {
        var may = role == attempt.Needs || role == Role.Admin || (role == Role.Decider && attempt.Needs == Role.Reader);

        // An exchange asks for more than one.
        if (may && request is ExchangeRequest { Events.Count: 0 }) return;
        Assert.True(may == (reply.Reason != "ROLE_MISSING"), $"{attempt.Method} {what}: {reply}");
        Assert.True(reply.Code != Code.Unauthenticated, $"{attempt.Method} {what}: {reply}");
    }

    private void AssertNothingOfTheVictim(string what, IMessage request, RawReply reply, params byte[] written)
    {
        var found = Found(request, reply, written).ToList();
        Assert.True(found.Count == 0, $"{what} tells: {string.Join(", ", found)}");
    }

    /// <summary>The victim's words in an answer that its request did not say.</summary>
    private IEnumerable<string> Found(IMessage request, RawReply reply, params byte[] written) =>
        _victim.Forbidden(request, written).Where(word => reply.Bytes.AsSpan().IndexOf(word) >= 0).Select(System.Text.Encoding.UTF8.GetString);

    /// <summary>All that the victim is shown of its own.</summary>
    private async Task<List<string>> ShownAsync()
    {
        var shown = new List<string>();
        foreach (var attempt in Attempts.All.Where(attempt => attempt is { Shows: true, Moves: false }))
        {
            foreach (var request in attempt.Requests(_victim))
            {
                var reply = await SendAsync(attempt, request, _victim.Secrets[Role.Admin]);
                shown.Add($"{attempt.Method} {request}: {Convert.ToBase64String(reply.Bytes)}");
            }
        }

        return shown;
    }

    private Task<RawReply> SendAsync(Attempt attempt, IMessage request, string? authorization)
    {
        var header = authorization is null || authorization.Contains(' ', StringComparison.Ordinal) ? authorization : $"Bearer {authorization}";
        return _calls.SendAsync($"/cdp.v1.{attempt.Method}", RawCalls.Frame(request.ToByteArray()), header, Cancel, attempt.Timeout);
    }

    private async Task<string> EndedAsync(bool revoke)
    {
        var expires = new Timestamp { UnixMicros = (_time.GetUtcNow() + TimeSpan.FromHours(1)).ToUnixTimeMilliseconds() * 1000 };
        var made = await MakeAsync(new CreateKeyRequest { TenantId = Victim.Tenant, Roles = { Role.Admin }, ExpiresAt = revoke ? null : expires });
        using var client = _server.ClientWith(made.Secret);
        await client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel);
        if (revoke) await _victim.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = made.Key.Id }, cancellationToken: Cancel);
        return made.Secret;
    }

    private async Task<string> FormerAsync()
    {
        var made = await MakeAsync(new CreateKeyRequest { TenantId = Victim.Tenant, Roles = { Role.Admin } });
        await _victim.Client.Admin.RotateKeyAsync(new RotateKeyRequest { KeyId = made.Key.Id, OverlapSeconds = 3_600 }, cancellationToken: Cancel);
        return made.Secret;
    }

    private Task<CreateKeyResponse> MakeAsync(CreateKeyRequest request) => _server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel);
}
