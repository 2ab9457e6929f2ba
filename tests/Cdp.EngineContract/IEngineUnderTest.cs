using Cdp.Grains.Ports;

namespace Cdp.EngineContract;

/// <summary>What the suite needs of an engine.</summary>
public interface IEngineUnderTest : IAsyncDisposable
{
    /// <summary>Reaches grains from outside.</summary>
    IGrains Grains { get; }

    /// <summary>Ends activations that are idle by the engine's clock; returns when they have saved.</summary>
    Task CollectAsync(CancellationToken cancellationToken);

    /// <summary>Stops in order.</summary>
    Task StopAsync();
}
