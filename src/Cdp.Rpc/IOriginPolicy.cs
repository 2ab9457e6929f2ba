namespace Cdp.Rpc;

/// <summary>Says which web pages may call the server by JSON although they come from elsewhere (CORS).</summary>
/// <remarks>https://fetch.spec.whatwg.org/#http-cors-protocol. Origins are as browsers send them, e.g. "https://shop.example".</remarks>
public interface IOriginPolicy
{
    /// <summary>Whether pages of an origin may call at all. Browsers ask so before a call, and without its key.</summary>
    /// <param name="origin">The origin.</param>
    /// <param name="cancellationToken">Cancelled when the browser goes away.</param>
    ValueTask<bool> MayCallAsync(string origin, CancellationToken cancellationToken);

    /// <summary>Whether pages of an origin may read the answer of a call. Asked when the answer begins.</summary>
    /// <param name="origin">The origin.</param>
    /// <param name="call">The call, as its <see cref="CallGate"/> left it; it may not have passed.</param>
    bool MayRead(string origin, ServerCallContext call);
}
