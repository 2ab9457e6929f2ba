using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Storage.Keyed;

/// <summary>
/// Customer ids on nothing but keyed state: a root a tenant names pages of ids, which are split when they are full. At ten
/// million customers the root has some half a megabyte.
/// </summary>
/// <param name="states">The states; any number of processes may use them.</param>
/// <param name="pageSize">Ids of a page at most, at least 2.</param>
public sealed class KeyedCustomerIndex(IStateStore states, int pageSize = KeyedCustomerIndex.DefaultPageSize) : ICustomerIndex
{
    /// <summary>Kind of the roots; their keys are the tenants.</summary>
    public const string RootKind = "customer-index";

    /// <summary>Kind of the pages.</summary>
    public const string PageKind = "customer-page";

    /// <summary>Ids of a page at most, unless somebody says otherwise.</summary>
    public const int DefaultPageSize = 1_000;

    private readonly KeyedQueue _queue = new();

    /// <inheritdoc/>
    public ValueTask AddAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        new(_queue.RunAsync(tenant, () => ChangeAsync(tenant, customer, add: true), cancellationToken));

    /// <inheritdoc/>
    public ValueTask RemoveAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        new(_queue.RunAsync(tenant, () => ChangeAsync(tenant, customer, add: false), cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> PageAsync(string tenant, string after, int size, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var found = new List<string>();
        while (true)
        {
            var (root, _) = await RootAsync(tenant, cancellationToken).ConfigureAwait(false);
            if (await TryReadAsync(tenant, root, found.Count > 0 ? found[^1] : after, size, found, cancellationToken).ConfigureAwait(false)) return found;
        }
    }

    /// <summary>Adds the ids after one, up to a number.</summary>
    /// <returns>False: a page was split since the root was read.</returns>
    private async ValueTask<bool> TryReadAsync(string tenant, KeyedIndexRoot root, string after, int size, List<string> found, CancellationToken cancellationToken)
    {
        for (var i = Find(root, after); i < root.Pages.Count && found.Count < size; i++)
        {
            var (page, _) = await ReadAsync(tenant, root.Pages[i].Page, cancellationToken).ConfigureAwait(false);
            var below = i + 1 < root.Pages.Count ? root.Pages[i + 1].From : "";
            if (page.Below.Length > 0 && page.Below != below && IsBelow(page.Below, below)) return false;
            found.AddRange(page.Ids.TakeWhile(id => IsBelow(id, below)).Where(id => string.CompareOrdinal(id, after) > 0).Take(size - found.Count));
        }

        return true;
    }

    /// <summary>Index of the page whose range holds an id.</summary>
    private static int Find(KeyedIndexRoot root, string id)
    {
        var (low, high) = (0, root.Pages.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (string.CompareOrdinal(root.Pages[middle].From, id) <= 0) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    private static string PageKey(string tenant, ulong page) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{page:x16}");

    private static bool IsBelow(string id, string below) => below.Length == 0 || string.CompareOrdinal(id, below) < 0;

    private async Task<bool> ChangeAsync(string tenant, string customer, bool add)
    {
        while (true)
        {
            var (root, rootTag) = await RootAsync(tenant, CancellationToken.None).ConfigureAwait(false);
            if (rootTag is null)
            {
                if (!add) return false;
                await WriteAsync(RootKind, tenant, new KeyedIndexRoot { Pages = { new KeyedIndexPageRef() } }, null).ConfigureAwait(false);
                continue;
            }

            var reference = root.Pages[Find(root, customer)];
            var (page, tag) = await ReadAsync(tenant, reference.Page, CancellationToken.None).ConfigureAwait(false);
            if (page.SplitAt.Length > 0) await SplitAsync(tenant, reference.Page, page, tag).ConfigureAwait(false);

            // Split since the root was read, or right now: the root is to be read again.
            if (page.SplitAt.Length > 0 || !IsBelow(customer, page.Below)) continue;
            var ids = page.Ids.ToList();
            var at = ids.BinarySearch(customer, StringComparer.Ordinal);
            if (at >= 0 == add) return false;
            var isFull = add && ids.Count >= pageSize;
            if (isFull)
            {
                page.SplitAt = ids[ids.Count / 2];
                page.SplitTo = unchecked((ulong)Random.Shared.NextInt64(1, long.MaxValue));
            }
            else if (add)
            {
                page.Ids.Insert(~at, customer);
            }
            else
            {
                page.Ids.RemoveAt(at);
            }

            if (await WriteAsync(PageKind, PageKey(tenant, reference.Page), page, tag).ConfigureAwait(false) && !isFull) return true;
        }
    }

    /// <summary>
    /// Carries a split to its end, whoever began it: makes the new page, names it in the root, and cuts the old one. Each
    /// step has no effect when it is done already.
    /// </summary>
    private async Task SplitAsync(string tenant, ulong number, KeyedIndexPage page, string? tag)
    {
        var moved = page.Ids.SkipWhile(id => IsBelow(id, page.SplitAt));
        await WriteAsync(PageKind, PageKey(tenant, page.SplitTo), new KeyedIndexPage { Ids = { moved }, Below = page.Below }, null).ConfigureAwait(false);
        while (true)
        {
            var (root, rootTag) = await RootAsync(tenant, CancellationToken.None).ConfigureAwait(false);
            var at = root.Pages.ToList().FindIndex(p => string.CompareOrdinal(p.From, page.SplitAt) >= 0);
            if (at >= 0 && root.Pages[at].Page == page.SplitTo) break;
            root.Pages.Insert(at < 0 ? root.Pages.Count : at, new KeyedIndexPageRef { From = page.SplitAt, Page = page.SplitTo });
            if (await WriteAsync(RootKind, tenant, root, rootTag).ConfigureAwait(false)) break;
        }

        var kept = new KeyedIndexPage { Ids = { page.Ids.TakeWhile(id => IsBelow(id, page.SplitAt)) }, Below = page.SplitAt };
        await WriteAsync(PageKind, PageKey(tenant, number), kept, tag).ConfigureAwait(false);
    }

    private async ValueTask<(KeyedIndexRoot Root, string? Tag)> RootAsync(string tenant, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(RootKind, tenant, cancellationToken).ConfigureAwait(false);
        return (KeyedIndexRoot.Parser.ParseFrom(row.Value.Span), row.Tag);
    }

    private async ValueTask<(KeyedIndexPage Page, string? Tag)> ReadAsync(string tenant, ulong page, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(PageKind, PageKey(tenant, page), cancellationToken).ConfigureAwait(false);
        return (KeyedIndexPage.Parser.ParseFrom(row.Value.Span), row.Tag);
    }

    private async ValueTask<bool> WriteAsync(string kind, string key, IMessage value, string? tag) =>
        await states.WriteAsync(kind, key, value.ToByteArray(), tag, CancellationToken.None).ConfigureAwait(false) is not null;
}
