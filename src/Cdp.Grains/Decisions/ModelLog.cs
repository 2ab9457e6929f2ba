using System.Globalization;
using Cdp.Domain.Decisions;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Decisions;

/// <summary>
/// A placement's training log. A model is the fold of it, of any version; now and then the fold so far is kept, so that
/// nobody folds more than <see cref="SlicesPerState"/> slices.
/// </summary>
/// <param name="states">Where folds are kept.</param>
/// <param name="history">Where the log is.</param>
/// <param name="tenant">The tenant.</param>
/// <param name="placement">Number of the placement.</param>
public sealed class ModelLog(IStateStore states, IHistory history, string tenant, uint placement)
{
    /// <summary>Kind of the states that hold folds. Each is made again from the log.</summary>
    public const string StateKind = "model";

    private const int SlicesPerState = 1_024;
    private const int PageBytes = 1 << 20;

    private readonly string _key = string.Create(CultureInfo.InvariantCulture, $"{tenant}/models/{placement}");

    /// <summary>The newest model.</summary>
    public async ValueTask<ModelState> ReadAsync(CancellationToken cancellationToken) =>
        (await ReadAsync(await history.LengthAsync(_key, cancellationToken), cancellationToken))!;

    /// <summary>The model of a version; null where there never was one.</summary>
    public async ValueTask<ModelState?> ReadAsync(long version, CancellationToken cancellationToken)
    {
        if (version < 0) return null;
        var state = await NearestAsync(version, cancellationToken) ?? new ModelState { Placement = placement };
        while (state.Version < version && await history.ReadAsync(_key, state.Version, PageBytes, cancellationToken) is { Count: > 0 } rows)
        {
            var end = Math.Min(version, rows[^1].End);
            while (state.Version < end)
            {
                var (from, until) = (state.Version, Math.Min(end, ((state.Version / SlicesPerState) + 1) * SlicesPerState));
                var slices = rows.Where(row => row.First >= from && row.First < until).Select(row => ModelSlice.Parser.ParseFrom(row.Bytes.Span));
                state = ModelFold.AsOf(placement, state, slices, until);

                // A crash may have come between when it was the newest, and a replay drops all that was kept.
                await KeepAsync(state, cancellationToken);
            }
        }

        return state.Version == version ? state : null;
    }

    /// <summary>Appends the slice that makes the version after one.</summary>
    /// <returns>False when another writer did.</returns>
    public ValueTask<bool> AppendAsync(long version, ModelSlice slice) =>
        history.AppendAsync(_key, version, 1, slice.ToByteArray(), CancellationToken.None);

    /// <summary>Keeps a model where its version is one of those from which others are folded.</summary>
    public async ValueTask KeepAsync(ModelState state, CancellationToken cancellationToken)
    {
        if (state.Version % SlicesPerState != 0) return;

        // Whoever was first wrote the same.
        await states.WriteAsync(StateKind, StateKey(state.Version / SlicesPerState), state.ToByteArray(), expectedTag: null, cancellationToken);
    }

    private async ValueTask<ModelState?> NearestAsync(long version, CancellationToken cancellationToken)
    {
        for (var kept = version / SlicesPerState; kept > 0; kept--)
        {
            var row = await states.ReadAsync(StateKind, StateKey(kept), cancellationToken);
            if (row.Exists) return ModelState.Parser.ParseFrom(row.Value.Span);
        }

        return null;
    }

    private string StateKey(long kept) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{placement}/{kept}");
}
