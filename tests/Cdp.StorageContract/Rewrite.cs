using Cdp.Grains.Ports;

namespace Cdp.StorageContract;

/// <summary>A rewrite of a slice, to be tried on several histories.</summary>
/// <param name="First">First entry.</param>
/// <param name="Count">Entries.</param>
/// <param name="Bytes">What is to stand there.</param>
public sealed record Rewrite(long First, int Count, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>A rewrite of some slice of a history, or of one that there is not, at times with too many bytes.</summary>
#pragma warning disable CA5394 // A run is repeated by its seed.
    public static async Task<Rewrite> AnyAsync(Random random, IHistory history, string key)
    {
        var slices = await history.ReadAsync(key, 0, int.MaxValue, CancellationToken.None);
        if (slices.Count == 0) return new Rewrite(0, 1, default);
        var slice = slices[random.Next(slices.Count)];
        var fate = random.Next(8);
        var length = fate == 0 ? slice.Bytes.Length + 1 : random.Next(slice.Bytes.Length + 1);
        return new Rewrite(slice.First + (fate == 1 ? 1 : 0), slice.Count + (fate == 2 ? 1 : 0), StorageContract.Bytes.Random(random.Next(), fate == 3 ? slice.Bytes.Length : length));
    }
#pragma warning restore CA5394

    /// <summary>Whether there was such a slice; null: it was refused.</summary>
    public async Task<bool?> RunAsync(IHistory history, string key)
    {
        try
        {
            return await history.RewriteAsync(key, First, Count, Bytes, CancellationToken.None);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
