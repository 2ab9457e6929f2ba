using Cdp.Grains.Ports;
using Cdp.Grains.V1;

namespace Cdp.Grains.Identities;

/// <summary>The one writer of a tenant's identity decisions. Key: the tenant.</summary>
public interface IIdentity
{
    /// <summary>
    /// Decides who each event's identifiers are: mints, links, merges, refusals. Durable when it returns; deciding
    /// again answers the same.
    /// </summary>
    [Interleaves]
    ValueTask<DecideIdentityReply> Decide(DecideIdentityRequest request, CancellationToken cancellationToken);

    /// <summary>Says whether a customer was minted and where it was merged into.</summary>
    [Interleaves]
    ValueTask<ConfirmCustomerReply> Confirm(ConfirmCustomerRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Decides that a customer, or the one it was merged into, is erased: its identifiers are nobody's from then on. Durable
    /// when it returns; asking again answers the same.
    /// </summary>
    [Interleaves]
    ValueTask<EraseIdentityReply> Erase(EraseIdentityRequest request, CancellationToken cancellationToken);

    /// <summary>Lists the decided facts about one customer.</summary>
    [Interleaves]
    ValueTask<DescribeGroupReply> Describe(DescribeGroupRequest request, CancellationToken cancellationToken);
}

/// <summary>Where one identifier leads: the read path. Key: <c>tenant/</c> + IdentifierKey.key.</summary>
public interface IIdentityLink
{
    /// <summary>The customer, or empty when unknown. It may have been merged since: the customer says so.</summary>
    [Interleaves]
    ValueTask<ResolveLinkReply> Resolve(ResolveLinkRequest request, CancellationToken cancellationToken);

    /// <summary>Points the link to a customer unless it follows a newer decision. Durable when it returns.</summary>
    ValueTask<PointLinkReply> Point(PointLinkRequest request, CancellationToken cancellationToken);
}
