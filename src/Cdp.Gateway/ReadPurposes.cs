using Cdp.Domain.Tenants;
using Cdp.Gateway.Keys;
using Cdp.Rpc;
using Google.Rpc;

namespace Cdp.Gateway;

/// <summary>What the data of a read are for.</summary>
internal static class ReadPurposes
{
    /// <summary>The purpose of a read: the request's, or the key's default.</summary>
    /// <exception cref="RpcException">None is named, or it is not declared.</exception>
    public static string Of(Caller caller, string named)
    {
        var purpose = named.Length > 0 ? named : caller.Key.DefaultPurpose;
        if (purpose.Length > 0 && caller.Definitions.IsDeclared(purpose)) return purpose;
        var declared = string.Join(", ", caller.Definitions.Purposes);
        throw (purpose.Length == 0
            ? RpcError.InvalidField("purpose", $"Say what the data is read for; declared purposes: {declared}.", "PURPOSE_MISSING")
            : RpcError.InvalidField("purpose", $"This purpose is not declared. Declare it with PutPurpose, or use one of: {declared}.", TenantReasons.PurposeUndeclared)).ToException();
    }

    /// <summary>The error of a read all of which is about a field that its purpose may not see.</summary>
    public static RpcException Withheld(string purpose, string field) =>
        new RpcError(Code.PermissionDenied, $"The purpose \"{purpose}\" may not see {field}. PutFieldPolicy names the purposes that may.")
        {
            Reason = "FIELD_WITHHELD",
        }.ToException();
}
