using System.IO.Hashing;
using System.Runtime.InteropServices;
using Cdp.Storage.Writing;

namespace Cdp.Storage.Postgres.State;

/// <summary>The writers of state and histories. Each key has one, so that its writes keep their order.</summary>
internal sealed class StateWriters(GroupCommitter<StateTarget>[] writers) : IAsyncDisposable
{
    /// <summary>The writer of a key.</summary>
    public GroupCommitter<StateTarget> Of(string key) =>
        writers[writers.Length == 1 ? 0 : (int)(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(key.AsSpan())) % (uint)writers.Length)];

    public async ValueTask DisposeAsync()
    {
        foreach (var writer in writers) await writer.DisposeAsync().ConfigureAwait(false);
    }
}
