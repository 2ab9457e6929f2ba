using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Identities;

/// <summary>
/// Where one identifier leads. A known customer is answered from memory; that nobody is known is read again each
/// time, since a link may have been written by another activation.
/// </summary>
/// <param name="context">The activation; key: <c>tenant/</c> + IdentifierKey.key.</param>
/// <param name="states">Where the link is kept.</param>
public sealed class IdentityLinkGrain(IGrainContext context, IStateStore states) : IIdentityLink
{
    /// <summary>Kind of the states that hold links.</summary>
    public const string StateKind = "identity-link";

    private LinkState? _known;
    private string? _tag;

    /// <inheritdoc/>
    public async ValueTask<ResolveLinkReply> Resolve(ResolveLinkRequest request, CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        return _known is { } link ? new ResolveLinkReply { Customer = link.Customer, Version = link.Version } : new ResolveLinkReply();
    }

    /// <inheritdoc/>
    public async ValueTask<PointLinkReply> Point(PointLinkRequest request, CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        var next = new LinkState { Customer = request.Customer, Version = request.Version };
        while (_known is null || _known.Version < next.Version)
        {
            // Not cancelled with the caller: a write whose outcome is unknown would leave the tag in doubt.
            var tag = await states.WriteAsync(StateKind, context.Key, next.ToByteArray(), _tag, CancellationToken.None);
            (_known, _tag) = tag is not null ? (next, tag) : await ReadAsync(cancellationToken);
        }

        return new PointLinkReply();
    }

    /// <summary>
    /// Where identifiers lead, read beside their grains: a link is durable before <see cref="Point"/> returns, so that the
    /// store is never behind. Who has many to look up, once each, thereby makes no activation for each.
    /// </summary>
    /// <param name="states">Where links are kept.</param>
    /// <param name="keys">Keys of the grains.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The customers, in the order of the keys; empty where nobody is known.</returns>
    internal static async ValueTask<string[]> ReadManyAsync(IStateStore states, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var rows = await states.ReadManyAsync(StateKind, keys, cancellationToken);
        var customers = new string[rows.Count];
        for (var i = 0; i < customers.Length; i++)
            customers[i] = rows[i].Exists ? LinkState.Parser.ParseFrom(rows[i].Value.Span).Customer : string.Empty;
        return customers;
    }

    private async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        if (_known is not null) return;
        var (link, tag) = await ReadAsync(cancellationToken);

        // Resolve interleaves: what was written while it read must stay.
        if (_known is null) (_known, _tag) = (link, tag);
    }

    private async ValueTask<(LinkState? Link, string? Tag)> ReadAsync(CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(StateKind, context.Key, cancellationToken);
        return (row.Exists ? LinkState.Parser.ParseFrom(row.Value.Span) : null, row.Tag);
    }
}
