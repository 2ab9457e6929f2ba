namespace Cdp.StorageContract;

/// <summary>A store under test, in a place of its own that is removed with it.</summary>
public interface IStorage<out TStore> : IAsyncDisposable
{
    /// <summary>The store as it was opened last.</summary>
    TStore Store { get; }

    /// <summary>Closes the store and opens what it left.</summary>
    ValueTask ReopenAsync();
}

/// <summary>A store that keeps nothing beyond itself: opening it again is staying with it.</summary>
public sealed class MemoryStorage<TStore>(TStore store) : IStorage<TStore>
{
    public TStore Store => store;

    public ValueTask ReopenAsync() => default;

    public ValueTask DisposeAsync() => default;
}
