using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>Keys that expire, and keys that get new secrets.</summary>
public sealed class KeyLifeTests : IAsyncLifetime
{
    private readonly ShiftedTime _time = new();
    private GatewayFixture _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await GatewayFixture.StartAsync(time: _time);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_key_ends_at_its_time_also_where_it_was_remembered_and_after_a_restart()
    {
        var made = await MakeAsync(new CreateKeyRequest { Roles = { Role.Admin }, ExpiresAt = In(TimeSpan.FromDays(1)) });
        using var client = _server.ClientWith(made.Secret);
        await AssertWorksAsync(client);
        _time.Shift += TimeSpan.FromHours(23);
        await AssertWorksAsync(client);
        _time.Shift += TimeSpan.FromHours(1);
        await AssertRefusedAsync(client, "KEY_EXPIRED");

        await _server.RestartAsync();
        using var again = _server.ClientWith(made.Secret);
        await AssertRefusedAsync(again, "KEY_EXPIRED");
        await Calls.RefusedAsync(RotateAsync(made.Key.Id), Code.FailedPrecondition, "KEY_EXPIRED");
    }

    [Fact]
    public async Task A_former_secret_works_on_for_the_overlap_and_the_key_stays_what_it_is()
    {
        var made = await MakeAsync(new CreateKeyRequest { Roles = { Role.Admin }, Source = "shop", DefaultPurpose = "marketing", RequestsPerSecond = 1_000, Description = "the shop" });
        using var former = _server.ClientWith(made.Secret);
        await AssertWorksAsync(former);

        var rotated = await RotateAsync(made.Key.Id);

        Assert.NotEqual(made.Secret, rotated.Secret);
        Assert.Equal(TimeSpan.FromDays(7).TotalMicroseconds, rotated.Key.FormerSecretUntil.UnixMicros - rotated.Key.RotatedAt.UnixMicros);
        var kept = rotated.Key.Clone();
        (kept.RotatedAt, kept.FormerSecretUntil) = (null, null);
        Assert.Equal(made.Key, kept);
        using var current = _server.ClientWith(rotated.Secret);
        await AssertWorksAsync(former);
        await AssertWorksAsync(current);
        _time.Shift += TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1);
        await AssertWorksAsync(former);
        _time.Shift += TimeSpan.FromMinutes(1);
        await AssertRefusedAsync(former, "KEY_EXPIRED");
        await AssertWorksAsync(current);
    }

    [Fact]
    public async Task Two_secrets_work_at_most_and_without_an_overlap_one()
    {
        var first = await MakeAsync(new CreateKeyRequest { Roles = { Role.Admin } });
        var second = await RotateAsync(first.Key.Id);
        var third = await RotateAsync(first.Key.Id, TimeSpan.FromDays(30));
        using var oldest = _server.ClientWith(first.Secret);
        using var middle = _server.ClientWith(second.Secret);
        using var newest = _server.ClientWith(third.Secret);
        await AssertRefusedAsync(oldest, "KEY_UNKNOWN");
        await AssertWorksAsync(middle);
        await AssertWorksAsync(newest);

        var fourth = await RotateAsync(first.Key.Id, TimeSpan.Zero);

        Assert.Null(fourth.Key.FormerSecretUntil);
        await AssertRefusedAsync(middle, "KEY_UNKNOWN");
        await AssertRefusedAsync(newest, "KEY_UNKNOWN");
        using var last = _server.ClientWith(fourth.Secret);
        await AssertWorksAsync(last);
        var listed = (await _server.Client.Admin.ListKeysAsync(new ListKeysRequest(), cancellationToken: Cancel)).ToString();
        Assert.All((string[])[first.Secret, second.Secret, third.Secret, fourth.Secret], secret => Assert.DoesNotContain(secret.Split('_', 4)[3], listed, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(AdminClient.RevokeKeyAsync), "KEY_REVOKED")]
    [InlineData(nameof(AdminClient.RotateKeyAsync), "KEY_EXPIRED")]
    public async Task A_stream_that_is_open_when_its_key_or_secret_ends_takes_in_and_shows_nothing_more(string how, string reason)
    {
        var made = await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Admin }, DefaultPurpose = "service" }, cancellationToken: Cancel);
        using var client = _server.ClientWith(made.Secret);
        await using var stream = client.Ingest.StreamEvents(cancellationToken: Cancel);
        await stream.WriteAsync(new StreamEventsRequest { Sequence = 1, Events = { GatewayFixture.Event("1", "Login", ("user_id", "ann")) } }, Cancel);
        Assert.Equal(1, (await stream.ReadAsync(Cancel))!.Sequence);
        await using var tail = client.Events.TailEventsAsync(new TailEventsRequest(), cancellationToken: Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await tail.MoveNextAsync());

        if (how == nameof(AdminClient.RotateKeyAsync)) await RotateAsync(made.Key.Id, TimeSpan.Zero);
        else await _server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = made.Key.Id }, cancellationToken: Cancel);

        await stream.WriteAsync(new StreamEventsRequest { Sequence = 2, Events = { GatewayFixture.Event("2", "Login", ("user_id", "ann")) } }, Cancel);
        await Calls.RefusedAsync(stream.ReadAsync(Cancel), Code.Unauthenticated, reason);
        await _server.PublishAsync(GatewayFixture.Event("3", "Login", ("user_id", "ann")));
        await Calls.RefusedAsync(EndAsync(), Code.Unauthenticated, reason);

        async Task<bool> EndAsync()
        {
            while (await tail.MoveNextAsync()) Assert.NotEqual("3", tail.Current.Tailed?.EventId);
            return true;
        }
    }

    [Fact]
    public async Task A_stream_that_was_opened_with_a_secret_that_is_replaced_goes_on_for_the_overlap_and_no_longer()
    {
        var made = await _server.Client.Admin.CreateKeyAsync(new CreateKeyRequest { Roles = { Role.Writer } }, cancellationToken: Cancel);
        using var client = _server.ClientWith(made.Secret);
        await using var stream = client.Ingest.StreamEvents(cancellationToken: Cancel);
        await TakenAsync(1);
        await RotateAsync(made.Key.Id, TimeSpan.FromHours(1));
        _time.Shift += TimeSpan.FromMinutes(59);
        await TakenAsync(2);
        _time.Shift += TimeSpan.FromMinutes(1);
        await SendAsync(3);
        await Calls.RefusedAsync(stream.ReadAsync(Cancel), Code.Unauthenticated, "KEY_EXPIRED");

        async Task TakenAsync(int sequence)
        {
            await SendAsync(sequence);
            Assert.Equal(sequence, (await stream.ReadAsync(Cancel))!.Sequence);
        }

        Task SendAsync(int sequence) => stream.WriteAsync(
            new StreamEventsRequest { Sequence = sequence, Events = { GatewayFixture.Event($"{sequence}", "Login", ("user_id", "ann")) } }, Cancel);
    }

    [Fact]
    public async Task A_revocation_ends_all_secrets_and_cannot_be_undone_by_a_rotation()
    {
        var made = await MakeAsync(new CreateKeyRequest { Roles = { Role.Admin } });
        var rotated = await RotateAsync(made.Key.Id);
        await _server.Client.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = made.Key.Id }, cancellationToken: Cancel);
        foreach (var secret in (string[])[made.Secret, rotated.Secret])
        {
            using var client = _server.ClientWith(secret);
            await AssertRefusedAsync(client, "KEY_REVOKED");
        }

        await Calls.RefusedAsync(RotateAsync(made.Key.Id), Code.FailedPrecondition, "KEY_REVOKED");
    }

    [Fact]
    public async Task What_cannot_be_rotated_is_named()
    {
        await Calls.RefusedAsync(RotateAsync("nothing"), Code.NotFound, "KEY_UNKNOWN");
        foreach (var overlap in (TimeSpan[])[TimeSpan.FromSeconds(-1), TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1)])
        {
            var error = await Calls.RefusedAsync(RotateAsync("operator", overlap), Code.InvalidArgument, "FIELD_INVALID");
            Assert.Equal("overlap_seconds", Assert.Single(error.FieldViolations).Field);
        }

        var past = new CreateKeyRequest { Roles = { Role.Reader }, ExpiresAt = In(TimeSpan.FromSeconds(-1)) };
        Assert.Equal("expires_at", Assert.Single((await Calls.RefusedAsync(MakeAsync(past), Code.InvalidArgument, "FIELD_INVALID")).FieldViolations).Field);
    }

    [Fact]
    public async Task The_operator_s_key_is_the_operator_s_alone_to_rotate_and_to_revoke()
    {
        using var admin = await _server.ClientOfAsync(Role.Admin);
        await Calls.RefusedAsync(admin.Admin.RotateKeyAsync(new RotateKeyRequest { KeyId = "operator" }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");
        await Calls.RefusedAsync(admin.Admin.RevokeKeyAsync(new RevokeKeyRequest { KeyId = "operator" }, cancellationToken: Cancel), Code.PermissionDenied, "OPERATOR_ONLY");

        var rotated = await RotateAsync("operator", TimeSpan.Zero);

        await AssertRefusedAsync(_server.Client, "KEY_UNKNOWN");
        using var current = _server.ClientWith(rotated.Secret);
        Assert.NotEmpty((await current.Admin.ListTenantsAsync(new ListTenantsRequest(), cancellationToken: Cancel)).Tenants);

        // A start with the former key does not bring it back.
        await _server.RestartAsync();
        await AssertRefusedAsync(_server.Client, "KEY_UNKNOWN");
    }

    private static async Task AssertWorksAsync(CdpClient client) => Assert.NotNull((await client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel)).Tenant);

    private static async Task AssertRefusedAsync(CdpClient client, string reason) =>
        await Calls.RefusedAsync(client.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Cancel), Code.Unauthenticated, reason);

    private Timestamp In(TimeSpan time) => new() { UnixMicros = (_time.GetUtcNow() + time).ToUnixTimeMilliseconds() * 1_000 };

    private Task<CreateKeyResponse> MakeAsync(CreateKeyRequest request) => _server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel);

    private Task<RotateKeyResponse> RotateAsync(string id, TimeSpan? overlap = null)
    {
        var request = new RotateKeyRequest { KeyId = id };
        if (overlap is { } time) request.OverlapSeconds = (long)time.TotalSeconds;
        return _server.Client.Admin.RotateKeyAsync(request, cancellationToken: Cancel);
    }
}
