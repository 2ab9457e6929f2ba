using System.Globalization;
using Cdp.V1;

namespace Cdp.Node.Tests.Retail;

/// <summary>What is known of one customer of the shop. Computed twice: straight from the file, and from published events.</summary>
internal sealed record RetailFigures(int Orders, int Refunds, decimal NetRevenue, int DistinctProducts, int Lines, decimal Quantity)
{
    /// <summary>Computes the figures from the file's text, without any code of the importer. A customer is named "id" or "invoice-no".</summary>
    public static SortedDictionary<string, RetailFigures> OfFile(string csv)
    {
        var rows = SimpleCsv.Read(csv).Skip(1).Select(cells => new
        {
            Invoice = cells[0],
            Product = cells[1],
            Quantity = decimal.Parse(cells[3], CultureInfo.InvariantCulture),
            Price = decimal.Parse(cells[5], CultureInfo.InvariantCulture),
            Customer = cells[6].Length > 0 ? cells[6] : $"invoice-{cells[0]}",
        });
        var figures = new SortedDictionary<string, RetailFigures>(StringComparer.Ordinal);
        foreach (var customer in rows.GroupBy(row => row.Customer, StringComparer.Ordinal))
        {
            var invoices = customer.Select(row => row.Invoice).Distinct(StringComparer.Ordinal).ToList();
            figures.Add(customer.Key, new RetailFigures(
                invoices.Count(invoice => invoice[0] != 'C'),
                invoices.Count(invoice => invoice[0] == 'C'),
                customer.Sum(row => row.Quantity * row.Price),
                customer.Where(row => row.Invoice[0] != 'C').Select(row => row.Product).Distinct(StringComparer.Ordinal).Count(),
                customer.Count(),
                customer.Sum(row => row.Quantity)));
        }

        return figures;
    }

    /// <summary>Computes the figures from events, as a server would read them.</summary>
    public static SortedDictionary<string, RetailFigures> OfEvents(IEnumerable<Event> events)
    {
        var figures = new SortedDictionary<string, RetailFigures>(StringComparer.Ordinal);
        foreach (var customer in events.GroupBy(Customer, StringComparer.Ordinal))
        {
            var items = customer.SelectMany(Items).ToList();
            figures.Add(customer.Key, new RetailFigures(
                customer.Count(e => e.Type == "Order Completed"),
                customer.Count(e => e.Type == "Order Refunded"),
                customer.Sum(e => Total(e) * (e.Type == "Order Refunded" ? -1 : 1)),
                customer.Where(e => e.Type == "Order Completed").SelectMany(Items).Select(item => item["product_id"].StringValue).Distinct(StringComparer.Ordinal).Count(),
                items.Count,
                items.Sum(item => item["quantity"].IntValue)));
        }

        return figures;
    }

    private static string Customer(Event e)
    {
        var people = e.Identifiers.Where(i => i.Namespace != "order_id").ToList();
        Assert.Single(people);
        Assert.Contains(people[0].Namespace, (string[])["customer_id", "anonymous_id"]);
        return people[0].Value;
    }

    private static decimal Total(Event e)
    {
        Assert.Equal("GBP", e.Properties["total"].MoneyValue.CurrencyCode);
        return decimal.Parse(e.Properties["total"].MoneyValue.Amount, CultureInfo.InvariantCulture);
    }

    private static IEnumerable<IDictionary<string, Value>> Items(Event e) =>
        e.Properties["items"].ListValue.Values.Select(item => item.MapValue.Fields);
}
