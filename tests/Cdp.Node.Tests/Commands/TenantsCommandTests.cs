using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class TenantsCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();
    private readonly List<string> _deleted = [];

    public TenantsCommandTests()
    {
        _cdp.Api.Tenants.Add(new Tenant { Id = "default", DisplayName = "Default", TimeZone = "Etc/UTC", CurrencyCode = "EUR", CountryCode = "DE" });
        _cdp.Api.DeleteTenant = request =>
        {
            _deleted.Add(request.TenantId);
            return new DeleteTenantResponse
            {
                Deletion = new TenantDeletion
                {
                    TenantId = request.TenantId, RequestedAt = new Timestamp { UnixMicros = 1 }, RequestedBy = "operator", EndedAt = new Timestamp { UnixMicros = 2 },
                    Places = { new ErasedPlace { Place = "log", Items = 1_204, Left = "positions with the tenant's id" }, new ErasedPlace { Place = "states", Items = 12 } },
                },
            };
        };
    }

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_tenant_is_made_with_what_is_said_of_it_and_none_is_changed_by_mistake()
    {
        Assert.True(await _cdp.RunAsync("tenants", "create", "shop", "--name", "The Shop", "--time-zone", "Europe/London", "--currency", "GBP", "--country", "GB") == 0, _cdp.Error);
        Assert.Equal(new Tenant { Id = "shop", DisplayName = "The Shop", TimeZone = "Europe/London", CurrencyCode = "GBP", CountryCode = "GB" }, _cdp.Api.Tenants[^1]);
        Assert.Equal(1, await _cdp.RunAsync("tenants", "create", "default", "--currency", "GBP"));
        Assert.Contains("There is a tenant 'default'", _cdp.Error, StringComparison.Ordinal);
        Assert.Equal(2, _cdp.Api.Tenants.Count);
    }

    [Fact]
    public async Task The_list_tells_who_is_being_deleted()
    {
        _cdp.Api.Tenants.Add(new Tenant { Id = "shop", Deletion = new TenantDeletion { TenantId = "shop", RequestedAt = new Timestamp { UnixMicros = 1 } } });
        Assert.Equal(0, await _cdp.RunAsync("tenants", "list"));
        Assert.Equal(
            """
            id       name     time zone  currency  country  events kept  deleted since
            default  Default  Etc/UTC    EUR       DE       forever
            shop                                            forever      1970-01-01 00:00:00.000001 +00:00

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task How_long_events_are_kept_is_said_and_the_rest_stays()
    {
        _cdp.Api.Tenants[0].Etag = "7";
        Assert.True(await _cdp.RunAsync("tenants", "keep", "default", "400d") == 0, _cdp.Error);
        Assert.Equal(new Tenant(_cdp.Api.Tenants[0]) { EventDays = 400 }, _cdp.Api.Tenants[^1]);
        Assert.Contains("400d", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cdp.RunAsync("tenants", "keep", "default", "forever"));
        Assert.Equal(0, _cdp.Api.Tenants[^1].EventDays);
        Assert.Equal(1, await _cdp.RunAsync("tenants", "keep", "nobody", "3d"));
        Assert.Contains("There is no tenant 'nobody'", _cdp.Error, StringComparison.Ordinal);
        foreach (var wrong in new[] { "0d", "36501d", "3h", "default", "-1d", "d" })
        {
            Assert.Equal(2, await _cdp.RunAsync("tenants", "keep", "default", wrong));
            Assert.Contains("write it like 90d", _cdp.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Nothing_is_deleted_by_mistake_and_what_is_says_what_went()
    {
        Assert.Equal(1, await _cdp.RunAsync("tenants", "delete", "shop"));
        Assert.Contains("--yes", _cdp.Error, StringComparison.Ordinal);
        Assert.Empty(_deleted);
        Assert.True(await _cdp.RunAsync("tenants", "delete", "shop", "--yes") == 0, _cdp.Error);
        Assert.Equal("shop", Assert.Single(_deleted));
        Assert.Equal(
            """
            tenant     shop
            requested  1970-01-01 00:00:00.000001 +00:00
            by key     operator
            deleted    1970-01-01 00:00:00.000002 +00:00

            DELETED
              where   items  what is left
              log     1,204  positions with the tenant's id
              states     12  nothing

            """,
            _cdp.Out);
    }
}
