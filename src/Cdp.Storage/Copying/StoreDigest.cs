using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Cdp.Storage.Log;

namespace Cdp.Storage.Copying;

/// <summary>Everything that a store holds, counted and digested; two stores with equal digests hold the same.</summary>
/// <param name="Records">Records of the log.</param>
/// <param name="Histories">Histories.</param>
/// <param name="Entries">Their entries.</param>
/// <param name="States">States.</param>
/// <param name="Customers">Customer ids.</param>
/// <param name="Value">SHA-256, in hex, over all of them in ordinal order; tags and empty partitions are left out.</param>
public sealed record StoreDigest(long Records, long Histories, long Entries, long States, long Customers, string Value)
{
    private const int PageBytes = 1 << 20;
    private const int PageSize = 500;

    /// <summary>Reads a whole store.</summary>
    /// <param name="store">The store; nobody may write to it meanwhile.</param>
    /// <param name="tenants">Its tenants.</param>
    /// <param name="except">Kinds of states that are left out.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LogDamagedException">The log cannot be read.</exception>
    public static async Task<StoreDigest> ReadAsync(IStore store, IReadOnlyList<string> tenants, IReadOnlySet<string> except, CancellationToken cancellationToken)
    {
        using var hash = new Hash();
        long records = 0, histories = 0, entries = 0, states = 0, customers = 0;
        for (var partition = 0; partition < store.Log.Partitions; partition++)
        {
            await foreach (var page in LogPages.ReadAsync(store.Log, partition, from: 0, cancellationToken).ConfigureAwait(false))
            {
                foreach (var (position, record) in page)
                {
                    hash.Add(record.Tenant);
                    hash.Add(partition, position, (int)record.Flags, record.KeyId);
                    hash.Add(record.Payload.Span);
                }

                records += page.Count;
            }
        }

        await foreach (var keys in StorePages.HistoriesAsync(store, PageSize, cancellationToken).ConfigureAwait(false))
        {
            foreach (var key in keys)
            {
                hash.Add(key);
                histories++;
                for (var next = 0L; await store.History.ReadAsync(key, next, PageBytes, cancellationToken).ConfigureAwait(false) is { Count: > 0 } slices; next = slices[^1].End)
                {
                    foreach (var slice in slices)
                    {
                        hash.Add(slice.First, slice.Count);
                        hash.Add(slice.Bytes.Span);
                        entries += slice.Count;
                    }
                }
            }
        }

        foreach (var kind in (await store.Maintenance.StateKindsAsync(cancellationToken).ConfigureAwait(false)).Where(k => !except.Contains(k)))
        {
            await foreach (var keys in StorePages.StatesAsync(store, kind, PageSize, cancellationToken).ConfigureAwait(false))
            {
                var rows = await store.State.ReadManyAsync(kind, keys, cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < rows.Count; i++)
                {
                    hash.Add(kind);
                    hash.Add(keys[i]);
                    hash.Add(rows[i].Value.Span);
                }

                states += rows.Count;
            }
        }

        foreach (var tenant in tenants)
        {
            await foreach (var ids in StorePages.CustomersAsync(store, tenant, PageSize, cancellationToken).ConfigureAwait(false))
            {
                hash.Add(tenant);
                foreach (var id in ids) hash.Add(id);
                customers += ids.Count;
            }
        }

        return new StoreDigest(records, histories, entries, states, customers, hash.Value);
    }

    /// <summary>A digest of values, each with its length, so that their borders count.</summary>
    private sealed class Hash : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public string Value => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

        public void Add(ReadOnlySpan<byte> bytes)
        {
            Add(bytes.Length);
            _hash.AppendData(bytes);
        }

        public void Add(params ReadOnlySpan<long> numbers)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            foreach (var number in numbers)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
                _hash.AppendData(bytes);
            }
        }

        public void Dispose() => _hash.Dispose();
    }
}
