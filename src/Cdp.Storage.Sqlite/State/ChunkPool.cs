namespace Cdp.Storage.Sqlite.State;

/// <summary>Memory of arenas that is used again, so that merges leave no garbage. What comes back is zeroed: it may be erased data.</summary>
/// <param name="chunkBytes">Bytes of a chunk.</param>
/// <param name="kept">Chunks that are kept at most.</param>
internal sealed class ChunkPool(int chunkBytes, int kept)
{
    private readonly Lock _lock = new();
    private readonly Stack<byte[]> _free = new();

    /// <summary>Gives a chunk of at least a size.</summary>
    public byte[] Rent(int size)
    {
        if (size > chunkBytes) return GC.AllocateUninitializedArray<byte>(size);
        lock (_lock)
        {
            if (_free.TryPop(out var chunk)) return chunk;
        }

        return GC.AllocateUninitializedArray<byte>(chunkBytes);
    }

    public void Return(byte[] chunk)
    {
        Array.Clear(chunk);
        if (chunk.Length != chunkBytes) return;
        lock (_lock)
        {
            if (_free.Count < kept) _free.Push(chunk);
        }
    }
}
