namespace Cdp.Grains.Ports;

/// <summary>What an error of a store says of itself.</summary>
public interface IStoreFailure
{
    /// <summary>Whether there is no room left for the write.</summary>
    bool IsFull { get; }
}
