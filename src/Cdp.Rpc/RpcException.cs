using Google.Rpc;

namespace Cdp.Rpc;

/// <summary>Thrown by a handler to end its call with a status other than OK.</summary>
public sealed class RpcException : Exception
{
    /// <summary>Makes an exception of an error.</summary>
    public RpcException(RpcError error)
        : base(error.Message)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(error.Code, Code.Ok, nameof(error));
        Error = error;
    }

    /// <summary>Makes an exception of a status and a text.</summary>
    public RpcException(Code code, string message)
        : this(new RpcError(code, message))
    {
    }

    /// <summary>What the client is told.</summary>
    public RpcError Error { get; }
}
