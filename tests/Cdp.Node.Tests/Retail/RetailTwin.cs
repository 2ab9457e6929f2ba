using System.Globalization;
using System.Text;

namespace Cdp.Node.Tests.Retail;

/// <summary>
/// A small file like Online Retail's: refunds, invoices without a customer, exact repeats, quotes and commas in names,
/// prices of 0, negative quantities. The same seed gives the same file.
/// </summary>
internal static class RetailTwin
{
    private static readonly string[] Names =
    [
        "WHITE HANGING HEART T-LIGHT HOLDER", "AIRLINE LOUNGE,METAL SIGN", "RECORD FRAME 7\" SINGLE SIZE ", "", "CAFÉ CUP \"PARIS\", BLUE",
    ];

    private static readonly string[] Countries = ["United Kingdom", "France", "EIRE"];

    public static string Make(int seed, int invoices)
    {
        var random = new Random(seed);
        var text = new StringBuilder("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
        var time = new DateTime(2010, 12, 1, 8, 26, 0, DateTimeKind.Unspecified);
        for (var number = 0; number < invoices; number++)
        {
            time = time.AddMinutes(random.Next(1, 30));
            var refund = random.Next(6) == 0;
            var invoice = string.Create(CultureInfo.InvariantCulture, $"{(refund ? "C" : "")}{536365 + number}");
            var customer = random.Next(6) == 0 ? "" : (12346 + random.Next(40)).ToString(CultureInfo.InvariantCulture);
            var country = Countries[random.Next(Countries.Length)];
            for (var lines = random.Next(1, 12); lines > 0; lines--)
            {
                var product = random.Next(60);
                var quantity = refund || random.Next(40) == 0 ? -random.Next(1, 20) : random.Next(1, 100);
                var price = random.Next(50) == 0 ? 0m : random.Next(1, 99999) / 1000m;
                var line = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{invoice},{21000 + product}{(product % 7 == 0 ? "A" : "")},{Quote(Names[product % Names.Length])},{quantity},{time:yyyy-MM-dd HH:mm:ss},{price},{customer},{country}\n");
                text.Append(line);
                if (random.Next(15) == 0)
                    text.Append(line);
            }
        }

        return text.ToString();
    }

    private static string Quote(string cell) =>
        cell.Contains(',', StringComparison.Ordinal) || cell.Contains('"', StringComparison.Ordinal)
            ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : cell;
}
