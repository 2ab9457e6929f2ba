using Cdp.Node.Hosting;
using Cdp.Storage;
using Cdp.Storage.Copying;

namespace Cdp.Node.Copy;

/// <summary>What a copy did.</summary>
/// <param name="Partitions">Partitions of the copy's log.</param>
/// <param name="Tenants">Number of tenants.</param>
/// <param name="From">What the store holds.</param>
/// <param name="To">What the copy holds.</param>
/// <param name="FromView">What the store's customers and segments look like.</param>
/// <param name="ToView">What the copy's do.</param>
/// <param name="Elapsed">Duration.</param>
internal sealed record CopyReport(int Partitions, int Tenants, StoreDigest From, StoreDigest To, StoreView FromView, StoreView ToView, TimeSpan Elapsed)
{
    /// <summary>Whether both hold the same.</summary>
    public bool IsSame => From == To && FromView == ToView;
}

/// <summary>Copies a store that nobody serves into another place, and compares the two.</summary>
/// <param name="place">Where the store is.</param>
/// <param name="other">Where the copy is to be: a place without a store, or with a part of this copy.</param>
/// <param name="time">The clock.</param>
/// <param name="progress">Hears what is done.</param>
internal sealed class StoreCopy(NodeOptions place, NodeOptions other, TimeProvider time, Action<string> progress)
{
    private static readonly IReadOnlySet<string> NotCopied = new HashSet<string>(StringComparer.Ordinal) { UnfinishedWork.StateKind };

    /// <summary>Copies and compares.</summary>
    /// <param name="partitions">Partitions of the copy's log, no fewer than there are; null: as many.</param>
    /// <param name="cancellationToken">Gives up; the same copy may go on later.</param>
    /// <exception cref="StorageException">One of the two cannot be opened, or the other place holds something else.</exception>
    public async Task<CopyReport> RunAsync(int? partitions, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using var source = await NodeStore.OpenAsync(place with { Partitions = null }, cancellationToken);
        await UnfinishedWork.ThrowIfAnyAsync(source.State, place, cancellationToken);
        if (partitions < source.Log.Partitions)
        {
            throw new StorageException(
                $"The log has {source.Log.Partitions} partitions, and histories name events by them: a copy has as many or more, not {partitions}.");
        }

        await using var target = await NodeStore.MakeAsync(other, partitions ?? source.Log.Partitions, source.Log.Epoch, cancellationToken);
        await BeginAsync(source, target, cancellationToken);
        var tenants = await NodeStore.TenantsAsync(source, cancellationToken);
        await new StoreCopier(source, target, tenants, NotCopied, Progress).RunAsync(cancellationToken);

        progress("comparing everything that the two hold");
        var (held, copied) = (await StoreDigest.ReadAsync(source, tenants, NotCopied, cancellationToken), await StoreDigest.ReadAsync(target, tenants, NotCopied, cancellationToken));
        progress("asking every customer and every segment of both");
        var seen = await StoreView.ReadAsync(source, tenants, time, Handled, cancellationToken);
        var seenInCopy = await StoreView.ReadAsync(target, tenants, time, Handled, cancellationToken);
        var report = new CopyReport(target.Log.Partitions, tenants.Count, held, copied, seen, seenInCopy, time.GetElapsedTime(started));
        if (report.IsSame) await UnfinishedWork.EndAsync(target.State, cancellationToken);
        return report;
    }

    /// <summary>Makes sure that the other place is empty or holds a part of this copy, and says that it is one.</summary>
    private async Task BeginAsync(IStore source, IStore target, CancellationToken cancellationToken)
    {
        var unfinished = await UnfinishedWork.ReadAsync(target.State, cancellationToken);
        if (target.Log.Epoch != source.Log.Epoch || (unfinished is not null && unfinished != UnfinishedWork.Copy))
            throw new StorageException($"{NodeStore.Name(other)} holds another store already; name an empty place.");
        if (unfinished is not null) return;
        if ((await target.Maintenance.StateKindsAsync(cancellationToken)).Count > 0)
            throw new StorageException($"{NodeStore.Name(other)} holds a copy of this store that is complete; name an empty place.");
        await UnfinishedWork.BeginAsync(target.State, UnfinishedWork.Copy, cancellationToken);
    }

    private void Progress(string what, long copied)
    {
        progress(copied == 0 ? $"copying {what}" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{copied:n0} {what}"));
    }

    private void Handled(string remedy, Exception error) => progress($"an error was handled by {remedy}: {error.Message}");
}
