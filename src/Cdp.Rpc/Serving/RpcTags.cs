using Google.Rpc;

namespace Cdp.Rpc.Serving;

/// <summary>
/// Attributes of calls as OpenTelemetry's conventions name them (semantic-conventions 1.45, RPC and gRPC). Made once: none
/// holds what a client sent.
/// </summary>
internal static class RpcTags
{
    private const string Method = "rpc.method";

    private static readonly KeyValuePair<string, object?>[] Statuses = [.. Names().Select(name => new KeyValuePair<string, object?>("rpc.response.status_code", name))];
    private static readonly KeyValuePair<string, object?>[] Errors = [.. Names().Select(name => new KeyValuePair<string, object?>("error.type", name))];

    public static KeyValuePair<string, object?> Grpc { get; } = new("rpc.system.name", "grpc");

    public static KeyValuePair<string, object?> Connect { get; } = new("rpc.system.name", "connectrpc");

    public static KeyValuePair<string, object?> NoMethod { get; } = new(Method, "_OTHER");

    public static KeyValuePair<string, object?> MethodOf(string name) => new(Method, name);

    public static KeyValuePair<string, object?> StatusOf(Code code) => Statuses[(int)code];

    public static KeyValuePair<string, object?> ErrorOf(Code code) => Errors[(int)code];

    /// <summary>Whether a status says that the server failed, not that the client asked for something that cannot be.</summary>
    public static bool IsFailureOfServer(Code code) => code is Code.Unknown or Code.DeadlineExceeded or Code.Unimplemented or Code.Internal or Code.Unavailable or Code.DataLoss;

    /// <summary>Names of the codes 0 to 16, e.g. NOT_FOUND.</summary>
    private static IEnumerable<string> Names() => CodeReflection.Descriptor.EnumTypes[0].Values.OrderBy(value => value.Number).Select(value => value.Name);
}
