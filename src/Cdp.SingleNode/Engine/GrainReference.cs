using System.ComponentModel;
using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>Base of the reference types that the engine emits, one for each grain interface. Not for use in code.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class GrainReference
{
    private Activation? _activation;

    internal GrainKind Kind { get; private set; } = null!;

    internal string Key { get; private set; } = "";

    internal void Bind(GrainKind kind, string key)
    {
        Kind = kind;
        Key = key;
    }

    /// <summary>The activation as last seen; it may have ended since and says so when it is called.</summary>
    internal Activation Resolve()
    {
        var known = Volatile.Read(ref _activation);
        if (known is not null)
            return known;
        var found = Kind.GetOrCreate(this);
        Volatile.Write(ref _activation, found);
        return found;
    }

    internal void Forget(Activation ended) => Interlocked.CompareExchange(ref _activation, null, ended);

    /// <summary>Sends a call; emitted methods do nothing else.</summary>
    /// <param name="method">Index of the method in its interface.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    protected ValueTask<TReply> Call<TRequest, TReply>(int method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        ((GrainMethod<TRequest, TReply>)Kind.Methods[method]).CallAsync(this, request, cancellationToken);
}
