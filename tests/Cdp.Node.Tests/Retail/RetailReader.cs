using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Node.Tests.Retail;

/// <summary>What a server says over gRPC about every customer of an imported shop.</summary>
internal class RetailReader(CdpClient client)
{
    private static readonly string[] AllFields =
        ["traits.*", "activity", "monetary", "sessions", "interests", "products", "recent_events", "identifiers.*"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>All profiles by the customer's name in the file ("id" or "invoice-no"); versions are left out.</summary>
    public async Task<SortedDictionary<string, Profile>> ProfilesAsync(IReadOnlyCollection<string> customers)
    {
        var profiles = new SortedDictionary<string, Profile>(StringComparer.Ordinal);
        foreach (var page in customers.Chunk(100))
        {
            var request = new BatchGetProfilesRequest { Purpose = "service" };
            request.Fields.AddRange(AllFields);
            request.Customers.AddRange(page.Select(RefOf));
            var response = await client.Profiles.BatchGetProfilesAsync(request, cancellationToken: Cancel);
            for (var i = 0; i < page.Length; i++)
            {
                Assert.True(response.Results[i].Profile is not null, $"{page[i]}: {response.Results[i].ErrorReason}");
                var profile = response.Results[i].Profile;
                profile.Version = 0;
                profiles.Add(page[i], profile);
            }
        }

        return profiles;
    }

    /// <summary>All events of the customers, read page by page.</summary>
    public async Task<List<CustomerEvent>> EventsAsync(IEnumerable<string> customers)
    {
        var events = new List<CustomerEvent>();
        foreach (var customer in customers)
        {
            var request = new ListEventsRequest { Customer = RefOf(customer), Purpose = "service", PageSize = 1000 };
            do
            {
                var page = await client.Profiles.ListEventsAsync(request, cancellationToken: Cancel);
                events.AddRange(page.Events);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
        }

        return events;
    }

    /// <summary>The figures as the profiles say them; lines and quantities are not in a profile.</summary>
    public static RetailFigures FiguresOf(Profile profile)
    {
        var monetary = Assert.Single(profile.Monetary);
        Assert.Equal("GBP", monetary.CurrencyCode);
        Assert.False(profile.Products.Approximate);
        return new RetailFigures(
            (int)monetary.Orders,
            (int)monetary.Refunds,
            decimal.Parse(monetary.NetRevenue.Amount, CultureInfo.InvariantCulture),
            (int)profile.Products.DistinctOrdered,
            0,
            0);
    }

    /// <summary>A customer by the name in the file.</summary>
    public static CustomerRef RefOf(string customer) => new()
    {
        Identifier = new Identifier { Namespace = customer.StartsWith("invoice-", StringComparison.Ordinal) ? "anonymous_id" : "customer_id", Value = customer },
    };
}
