using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Grains.Customers;
using Cdp.Grains.Decisions;
using Cdp.Grains.V1;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Gateway.Tests.Composed;

/// <content>Decisions, and what is learned from them.</content>
internal sealed partial class ComposedNode
{
    private ulong _visitors;

    /// <summary>The clock by which a mortal node decides.</summary>
    public static DateTimeOffset MortalNow => new FastTime().GetUtcNow();

    public async Task PublishAsync(Event made, DateTimeOffset received)
    {
        _time.Now = received;
        await _ingest.PublishOwnAsync(_caller, made, CancellationToken.None);
    }

    public Task<string> CustomerOfAsync(string ns, string value) => CustomerOfAsync(_caller.Identifiers.Resolve(ns, value).Key);

    /// <summary>Decides for a customer, or for a visitor where there is none. Durable when it returns.</summary>
    public async Task<DecideResponse> DecideAsync(string placement, string? customer)
    {
        var call = new DecideRequest { Placement = placement, Consistency = DecisionConsistency.Sync };
        var id = new DecisionId(string.Empty, 0, UnixTime.Micros(MortalNow), ++_visitors);
        var response = customer is null
            ? (await _host!.Grains.Get<IVisitorDecision>($"{Tenant}/{id}").Decide(new DecideVisitorRequest { Call = call, Purpose = TenantDefaults.ServicePurpose }, CancellationToken.None)).Response
            : (await _host!.Grains.Get<ICustomer>($"{Tenant}/{customer}").Decide(new DecideCustomerRequest { Call = call, Purpose = TenantDefaults.ServicePurpose }, CancellationToken.None)).Response;
        return DecideResponse.Parser.ParseFrom(response);
    }

    /// <summary>The newest model of a placement, as it is stored.</summary>
    public async Task<ModelState> ModelAsync(uint placement) =>
        await new ModelLog(_stores.States, _stores.History, Tenant, placement).ReadAsync(CancellationToken.None);
}
