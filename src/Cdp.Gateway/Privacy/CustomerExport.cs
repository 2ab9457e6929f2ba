using Cdp.Gateway.Consents;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Keys;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;

namespace Cdp.Gateway.Privacy;

/// <summary>Everything that is held of a customer, one thing after the other, page by page: nothing is gathered.</summary>
internal sealed class CustomerExport(GatewayPorts ports, CustomerFinder finder, ConsentsService consents, DecisionReader decisions)
{
    private const int PageSize = 500;

    /// <summary>Sends it.</summary>
    public async Task ExportAsync(ExportCustomerRequest request, IServerStreamWriter<ExportCustomerResponse> items, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var cancel = context.CancellationToken;
        await ReadTokens.WaitAsync(ports, request.AfterToken, cancel);
        var newest = request.AfterToken.Length > 0;
        var profile = await ProfileAsync(caller, request.Customer, newest, cancel);

        // From here on it is this customer, whatever its identifiers lead to meanwhile.
        var customer = new CustomerRef { CustomerId = profile.CustomerId };
        var facts = new List<IdentityFact>();
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), profile.CustomerId, newest, cancel))
        {
            facts.Add(fact);
            if ((fact.Minted?.Identifier ?? fact.Linked?.Identifier) is { } identifier)
                profile.Identifiers.Add(new ProfileIdentifier { Identifier = identifier, LinkedAt = fact.DecidedAt });
        }

        await items.WriteAsync(new ExportCustomerResponse { Profile = profile });
        foreach (var fact in facts) await items.WriteAsync(new ExportCustomerResponse { IdentityFact = fact });
        foreach (var consent in (await consents.DescribeAsync(caller, customer, newest, cancel)).Consents) await items.WriteAsync(new ExportCustomerResponse { Consent = consent });
        await SendMembershipsAsync(caller, customer, items, cancel);
        await SendEventsAsync(caller, customer, items, cancel);
        await SendDecisionsAsync(caller, customer, items, cancel);
    }

    private async ValueTask<Profile> ProfileAsync(Caller caller, CustomerRef? customer, bool newest, CancellationToken cancellationToken)
    {
        var reply = await finder.CallAsync(
            caller, customer, "customer", static (grain, read, cancel) => grain.ReadProfile(read, cancel), new ReadProfileRequest { Whole = true, Newest = newest },
            static r => (r.Standing, r.ForwardedTo), cancellationToken) ?? throw CustomerFinder.NotFound();
        return Profile.Parser.ParseFrom(reply.Profile);
    }

    private async ValueTask SendMembershipsAsync(Caller caller, CustomerRef customer, IServerStreamWriter<ExportCustomerResponse> items, CancellationToken cancellationToken)
    {
        var reply = await finder.CallAsync(
            caller, customer, "customer", static (grain, read, cancel) => grain.ReadMembership(read, cancel), new ReadMembershipRequest(),
            static r => (r.Standing, r.ForwardedTo), cancellationToken) ?? throw CustomerFinder.NotFound();
        foreach (var segment in reply.Segments.Select(number => caller.Definitions.Segments.Find((int)number)?.Definition).OfType<Segment>())
            await items.WriteAsync(new ExportCustomerResponse { Membership = new Membership { Segment = segment.Id, DisplayName = segment.DisplayName, SegmentVersion = segment.Version } });
    }

    private async ValueTask SendEventsAsync(Caller caller, CustomerRef customer, IServerStreamWriter<ExportCustomerResponse> items, CancellationToken cancellationToken)
    {
        var read = new ReadEventsRequest { PageSize = PageSize };
        do
        {
            var page = await finder.CallAsync(
                caller, customer, "customer", static (grain, read, cancel) => grain.ReadEvents(read, cancel), read, static r => (r.Standing, r.ForwardedTo), cancellationToken)
                ?? throw CustomerFinder.NotFound();
            foreach (var made in page.Events) await items.WriteAsync(new ExportCustomerResponse { Event = made });
            read = new ReadEventsRequest { PageSize = PageSize, PageToken = page.NextPageToken };
        }
        while (read.PageToken.Length > 0);
    }

    private async ValueTask SendDecisionsAsync(Caller caller, CustomerRef customer, IServerStreamWriter<ExportCustomerResponse> items, CancellationToken cancellationToken)
    {
        var names = DecisionReader.NamesOf(caller);
        var read = new ReadDecisionsRequest { PageSize = PageSize };
        do
        {
            var page = await finder.CallAsync(
                caller, customer, "customer", static (grain, read, cancel) => grain.ReadDecisions(read, cancel), read, static r => (r.Standing, r.ForwardedTo), cancellationToken)
                ?? throw CustomerFinder.NotFound();
            foreach (var entry in page.Entries)
                await items.WriteAsync(new ExportCustomerResponse { Decision = await decisions.SummaryAsync(caller, entry, names, cancellationToken) });
            read = new ReadDecisionsRequest { PageSize = PageSize, PageToken = page.NextPageToken };
        }
        while (read.PageToken.Length > 0);
    }
}
