using System.Globalization;
using Cdp.Client;
using Cdp.V1;

namespace Cdp.Bench.Product;

/// <summary>Segments that the generator's events come into and out of, and others that they never touch.</summary>
internal static class SegmentLoad
{
    /// <summary>Puts segments; the first ones are touched by the load, the rest read a trait that it never sets.</summary>
    public static async Task PutAsync(CdpClient client, int touched, int untouched, CancellationToken cancellationToken)
    {
        for (var i = 0; i < touched + untouched; i++)
        {
            var segment = new Segment
            {
                Id = string.Create(CultureInfo.InvariantCulture, $"s{i}"),
                Expression = i < touched ? Touched(i) : string.Create(CultureInfo.InvariantCulture, $"traits.never_{i} == {i} and traits.country == \"DE\""),
            };
            await client.Segments.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, cancellationToken: cancellationToken);
        }
    }

    /// <summary>Conditions of several kinds that an event of the load may change; a twentieth of all events changes one.</summary>
    private static string Touched(int i) => (i % 5) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"orders.count >= {1 + i} and revenue.EUR.net > 100 EUR"),
        1 => string.Create(CultureInfo.InvariantCulture, $"events[\"Product Viewed\"].count > {5 * i}"),
        2 => string.Create(CultureInfo.InvariantCulture, $"channels.app.count >= {i} and orders.count > 0"),
        3 => string.Create(CultureInfo.InvariantCulture, $"traits.last_category == \"dryers\" and revenue.EUR.net > {200 + (500 * i)} EUR"),
        _ => string.Create(CultureInfo.InvariantCulture, $"sessions.count > {i} and not orders.count >= 3"),
    };
}
