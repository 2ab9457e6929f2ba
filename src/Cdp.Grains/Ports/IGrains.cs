namespace Cdp.Grains.Ports;

/// <summary>Reaches other grains. A grain is addressed by its interface and key; it always exists.</summary>
/// <remarks>
/// Every method of a grain interface has the shape
/// <c>ValueTask&lt;TReply&gt; Name(TRequest request, CancellationToken cancellationToken)</c> with protobuf messages, so
/// that any engine can carry it. A message once sent is frozen: neither side changes it afterwards.
/// </remarks>
public interface IGrains
{
    /// <summary>Returns a reference to the grain; no call is made.</summary>
    /// <typeparam name="TGrain">The grain's interface.</typeparam>
    /// <param name="key">The grain's key, tenant first: <c>tenant/…</c>.</param>
    /// <exception cref="InvalidOperationException">The calling grain may not call that kind (calls go one way).</exception>
    TGrain Get<TGrain>(string key) where TGrain : class;
}
