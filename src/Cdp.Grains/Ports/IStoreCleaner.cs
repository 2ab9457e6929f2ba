namespace Cdp.Grains.Ports;

/// <summary>Clears a store's files of what was overwritten or removed, where that stays in them for a while.</summary>
public interface IStoreCleaner
{
    /// <summary>Returns when it stands in no file any more, but for what the store's own means clear (docs/postgres.md).</summary>
    Task CleanAsync(CancellationToken cancellationToken);
}
