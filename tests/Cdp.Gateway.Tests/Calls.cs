using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Tests;

/// <summary>What most tests of the services say to a server.</summary>
internal static class Calls
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The call has to fail with a code and a reason; what else it says is returned.</summary>
    public static async Task<CallException> RefusedAsync<T>(Task<T> call, Code code, string reason)
    {
        var error = await Assert.ThrowsAsync<CallException>(() => call);
        Assert.Equal((code, reason), (error.StatusCode, error.Reason));
        Assert.NotEmpty(error.Message);
        return error;
    }

    public static async Task<Key> CreateKeyAsync(this GatewayFixture server, CreateKeyRequest request) => (await MakeAsync(server, request)).Key;

    /// <summary>A client with a new key of a role.</summary>
    public static async Task<CdpClient> ClientOfAsync(this GatewayFixture server, Role role, string tenant = "", string purpose = "service") =>
        server.ClientWith((await MakeAsync(server, new CreateKeyRequest { Roles = { role }, TenantId = tenant, DefaultPurpose = purpose })).Secret);

    public static async Task PutTenantAsync(this GatewayFixture server, string id) =>
        await server.Client.Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = id } }, cancellationToken: Cancel);

    private static async Task<CreateKeyResponse> MakeAsync(GatewayFixture server, CreateKeyRequest request) =>
        await server.Client.Admin.CreateKeyAsync(request, cancellationToken: Cancel);
}
