using System.Runtime.CompilerServices;

namespace Cdp.Storage.Copying;

/// <summary>Keys of a whole store, page by page in ordinal order, the empty key first.</summary>
internal static class StorePages
{
    public static async IAsyncEnumerable<IReadOnlyList<string>> HistoriesAsync(IStore store, int size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await store.History.LengthAsync("", cancellationToken).ConfigureAwait(false) > 0) yield return [""];
        await foreach (var page in PagesAsync(after => store.Maintenance.HistoryKeysAsync(after, size, cancellationToken)).ConfigureAwait(false)) yield return page;
    }

    public static async IAsyncEnumerable<IReadOnlyList<string>> StatesAsync(IStore store, string kind, int size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if ((await store.State.ReadAsync(kind, "", cancellationToken).ConfigureAwait(false)).Exists) yield return [""];
        await foreach (var page in PagesAsync(after => store.Maintenance.StateKeysAsync(kind, after, size, cancellationToken)).ConfigureAwait(false)) yield return page;
    }

    public static IAsyncEnumerable<IReadOnlyList<string>> CustomersAsync(IStore store, string tenant, int size, CancellationToken cancellationToken) =>
        PagesAsync(after => store.Customers.PageAsync(tenant, after, size, cancellationToken));

    private static async IAsyncEnumerable<IReadOnlyList<string>> PagesAsync(Func<string, ValueTask<IReadOnlyList<string>>> read)
    {
        for (var after = ""; ;)
        {
            var page = await read(after).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            yield return page;
            after = page[^1];
        }
    }
}
