using System.Runtime.CompilerServices;
using Cdp.Grains.Ports;

namespace Cdp.Storage.Log;

/// <summary>Walks over a log.</summary>
internal static class LogPages
{
    private const int PageBytes = 1 << 20;

    /// <summary>The records of a partition from a position up to where it ends now.</summary>
    /// <exception cref="LogDamagedException">A record is damaged or missing.</exception>
    public static async IAsyncEnumerable<IReadOnlyList<PositionedRecord>> ReadAsync(
        IEventLog log, int partition, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = await log.EndAsync(partition, cancellationToken).ConfigureAwait(false);
        for (var next = from; next < end;)
        {
            var page = await log.ReadAsync(partition, next, PageBytes, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) throw new LogDamagedException(partition, next, LogBlock.RecordMissing);
            yield return page;
            next = page[^1].Position + 1;
        }
    }
}
