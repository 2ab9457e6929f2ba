using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Events;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Domain.Tests.Tenants;

public sealed class ReservedTypeTests
{
    private static readonly string[] Types = ["cdp.consent", "CDP.consent", "Cdp.x", "cdp.", "cdp", "xcdp.y", "Order Completed"];

    [Fact]
    public void A_type_can_be_defined_exactly_where_an_event_may_have_it()
    {
        foreach (var type in Types)
        {
            var sent = new Event { Id = "1", Type = type, Identifiers = { new Identifier { Namespace = "cookie", Value = "c" } } };
            // An act of consent may be sent, and means what the platform says.
            var mayBeSent = type != ConsentEvents.Type && Judged.RefusalOf(sent) is null;
            var defined = TenantChanges.Apply(
                TenantDefaults.NewConfig("t", new byte[32]), "t", new ChangeTenantRequest { PutEventType = new EventType { Name = type } }, 0);
            Assert.Equal(mayBeSent, defined.Refusal is null);
        }

        Assert.Equal(4, Types.Count(EventValidator.IsReserved));
    }
}
