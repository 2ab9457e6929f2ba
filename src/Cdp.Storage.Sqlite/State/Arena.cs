namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// The blocks of a journal segment as they were written, in a few large arrays: what a memtable knows are places in them.
/// It grows at its end and is freed as a whole.
/// </summary>
internal sealed class Arena(ChunkPool pool)
{
    private readonly List<byte[]> _chunks = [];
    private readonly List<int> _ends = [];

    /// <summary>The end, to which <see cref="Rewind"/> goes back.</summary>
    public (int Chunk, int Offset) End => _chunks.Count == 0 ? (0, 0) : (_chunks.Count - 1, _ends[^1]);

    /// <summary>Bytes at a place.</summary>
    public ReadOnlySpan<byte> this[Slice slice] => slice.Length == 0 ? default : _chunks[slice.Chunk].AsSpan(slice.Offset, slice.Length);

    /// <summary>Gives room at the end, in one piece.</summary>
    /// <returns>At least <paramref name="size"/> bytes, of which <see cref="Advance"/> keeps the first ones.</returns>
    public Span<byte> Reserve(int size)
    {
        if (_chunks.Count == 0 || _chunks[^1].Length - _ends[^1] < size)
        {
            _chunks.Add(pool.Rent(size));
            _ends.Add(0);
        }

        return _chunks[^1].AsSpan(_ends[^1]);
    }

    /// <summary>Keeps bytes that were written to what <see cref="Reserve"/> gave.</summary>
    /// <returns>Their place.</returns>
    public Slice Advance(int length)
    {
        var slice = new Slice(_chunks.Count - 1, _ends[^1], length);
        _ends[^1] += length;
        return slice;
    }

    /// <summary>Takes over a whole array.</summary>
    /// <returns>Number of its chunk.</returns>
    public int Adopt(byte[] bytes)
    {
        _chunks.Add(bytes);
        _ends.Add(bytes.Length);
        return _chunks.Count - 1;
    }

    /// <summary>Bytes that may be written in place, of a place that was kept.</summary>
    public Span<byte> Writable(Slice slice) => _chunks[slice.Chunk].AsSpan(slice.Offset, slice.Length);

    /// <summary>Lists what lies from a place to the end.</summary>
    public void CopyRanges((int Chunk, int Offset) from, List<ReadOnlyMemory<byte>> ranges)
    {
        ranges.Clear();
        for (var chunk = from.Chunk; chunk < _chunks.Count; chunk++)
        {
            var start = chunk == from.Chunk ? from.Offset : 0;
            if (_ends[chunk] > start) ranges.Add(_chunks[chunk].AsMemory(start, _ends[chunk] - start));
        }
    }

    /// <summary>Gives back what was kept after a place.</summary>
    public void Rewind((int Chunk, int Offset) to)
    {
        while (_chunks.Count > to.Chunk + 1) Drop();
        if (_chunks.Count == 0) return;
        _chunks[^1].AsSpan(to.Offset, _ends[^1] - to.Offset).Clear();
        _ends[^1] = to.Offset;
    }

    /// <summary>Frees everything.</summary>
    public void Clear()
    {
        while (_chunks.Count > 0) Drop();
    }

    private void Drop()
    {
        pool.Return(_chunks[^1]);
        _chunks.RemoveAt(_chunks.Count - 1);
        _ends.RemoveAt(_ends.Count - 1);
    }
}
