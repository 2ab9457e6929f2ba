using System.Security.Cryptography;
using System.Text;
using Cdp.Grains.Ports;
using Orleans.Storage;
using GrainType = Orleans.Runtime.GrainType;

namespace Cdp.Orleans.Storage;

/// <summary>
/// Keyed state in any grain storage of Orleans. Every state stands under the id of a grain that is never called.
/// </summary>
/// <remarks>
/// Values are never empty there: some storages take an empty one for none. What a storage says of a state that it does not
/// hold differs as well; some keep an etag of what was cleared, which the next write needs.
/// </remarks>
/// <param name="storage">The storage; its item limit is that of a value (<c>SplitStates</c> lifts it).</param>
public sealed class GrainStorageStates(IGrainStorage storage) : IStateStore
{
    private const string Name = "state";
    private const int MostConcurrentReads = 32;

    /// <summary>Longest encoded id; Azure Table Storage takes 512 characters with the service's name.</summary>
    private const int MostCharacters = 300;

    private static readonly GrainType s_type = GrainType.Create("cdp");

    /// <inheritdoc/>
    public async ValueTask<StateRow> ReadAsync(string kind, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var state = await LoadAsync(IdOf(kind, key));
        return state is { RecordExists: true, State: { } stored } ? new StateRow(stored.Value.AsMemory(1), TagOf(state)) : default;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StateRow>> ReadManyAsync(string kind, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var rows = new StateRow[keys.Count];
        await Parallel.ForAsync(0, rows.Length, new ParallelOptions { MaxDegreeOfParallelism = MostConcurrentReads, CancellationToken = cancellationToken }, async (i, token) =>
            rows[i] = await ReadAsync(kind, keys[i], token));
        return rows;
    }

    /// <inheritdoc/>
    public async ValueTask<string?> WriteAsync(string kind, string key, ReadOnlyMemory<byte> value, string? expectedTag, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (expectedTag is not null && !IsTag(expectedTag)) return null;
        var id = IdOf(kind, key);
        var bytes = new byte[value.Length + 1];
        value.CopyTo(bytes.AsMemory(1));
        var state = new GrainState<StoredState>(new StoredState { Value = bytes }, EtagOf(expectedTag));
        if (await TryAsync(() => storage.WriteStateAsync(Name, id, state))) return TagOf(state);
        if (expectedTag is not null || await LoadAsync(id) is not { RecordExists: false, ETag: { } cleared }) return null;
        state = new GrainState<StoredState>(state.State, cleared);
        return await TryAsync(() => storage.WriteStateAsync(Name, id, state)) ? TagOf(state) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ClearAsync(string kind, string key, string? expectedTag, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = IdOf(kind, key);
        if (expectedTag is null) return !(await LoadAsync(id)).RecordExists;
        if (!IsTag(expectedTag)) return false;

        // A storage that finds nothing to clear may well be content.
        var state = await LoadAsync(id);
        return state.RecordExists && TagOf(state) == expectedTag && await TryAsync(() => storage.ClearStateAsync(Name, id, state));
    }

    private static bool IsTag(string tag) => tag.StartsWith('#');

    private static string TagOf(GrainState<StoredState> state) => $"#{state.ETag}";

    private static string EtagOf(string? tag) => tag?[1..]!;

    private static async ValueTask<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException))
        {
            throw new IOException($"The grain storage cannot be read or written: {e.Message}", e);
        }
    }

    /// <summary>Characters that some storage changes or refuses are written as their UTF-8 bytes; what is too long, as its hash.</summary>
    private static GrainId IdOf(string kind, string key)
    {
        var text = new StringBuilder(kind.Length + key.Length + 8);
        Encode(text, kind);
        text.Append(':');
        Encode(text, key);
        if (text.Length > MostCharacters)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
            text.Length = MostCharacters - hash.Length - 2;
            text.Append("~~").Append(hash);
        }

        return GrainId.Create(s_type, text.ToString());
    }

    private static void Encode(StringBuilder text, string part)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in part.EnumerateRunes())
        {
            if (rune.IsAscii && (Rune.IsLetterOrDigit(rune) || rune.Value is '-' or '.' or '_'))
            {
                text.Append((char)rune.Value);
                continue;
            }

            foreach (var b in utf8[..rune.EncodeToUtf8(utf8)]) text.Append('~').Append(Convert.ToHexStringLower([b]));
        }
    }

    private async ValueTask<GrainState<StoredState>> LoadAsync(GrainId id)
    {
        var state = new GrainState<StoredState>(new StoredState());
        if (!await TryAsync(() => storage.ReadStateAsync(Name, id, state))) throw new IOException("The grain storage found a read to be inconsistent.");

        // What is cleared and kept by an empty value.
        if (state.State is not { Value.Length: > 0 }) state.RecordExists = false;
        return state;
    }
}
