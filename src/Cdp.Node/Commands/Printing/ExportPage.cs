using System.Net;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes an export as one page of HTML without scripts, styles from elsewhere or anything to load.</summary>
internal static class ExportPage
{
    private const string Head =
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>What is held about you</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
        h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc } table { border-collapse: collapse; width: 100% }
        th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #eee } td { overflow-wrap: anywhere }
        </style></head><body>
        <h1>What is held about you</h1>

        """;

    public static async Task WriteAsync(IAsyncEnumerable<ExportCustomerResponse> items, TextWriter output, CancellationToken cancel)
    {
        await output.WriteAsync(Head);
        var open = ExportCustomerResponse.ItemOneofCase.None;
        await foreach (var item in items.WithCancellation(cancel))
        {
            if (item.Profile is { } profile)
            {
                await WriteAsync(profile, output);
                continue;
            }

            if (item.ItemCase != open)
            {
                if (open != ExportCustomerResponse.ItemOneofCase.None) await output.WriteLineAsync("</table>");
                open = item.ItemCase;
                var (title, columns) = TitleOf(open);
                await output.WriteLineAsync($"<h2>{title}</h2>\n<table>{Row("th", columns)}");
            }

            await output.WriteLineAsync(Row("td", CellsOf(item)));
        }

        if (open != ExportCustomerResponse.ItemOneofCase.None) await output.WriteLineAsync("</table>");
        await output.WriteLineAsync("</body></html>");
    }

    private static async Task WriteAsync(Profile profile, TextWriter output)
    {
        await output.WriteLineAsync($"<p>Customer {Text(profile.CustomerId)}</p>");
        await TableAsync("How you are recognised", ["kind", "value", "since"], profile.Identifiers.Select(i => new[] { i.Identifier.Namespace, i.Identifier.Value, ValueText.Of(i.LinkedAt) }));
        await TableAsync("What is known about you", ["what", "value", "from", "as of"], profile.Traits.Select(t => new[] { t.Name, ValueText.Of(t.Value), t.Source, ValueText.Of(t.AsOf) }));
        await TableAsync(
            "What you did, counted", ["what", "times"],
            (profile.Activity?.Types_ ?? []).Select(type => new[] { type.Type, ValueText.Of(type.Count) }));
        await TableAsync(
            "What you bought, summed", ["currency", "orders", "refunds", "spent"],
            profile.Monetary.Select(sum => new[] { sum.CurrencyCode, ValueText.Of(sum.Orders), ValueText.Of(sum.Refunds), sum.NetRevenue?.Amount ?? "" }));
        await TableAsync(
            "What you seem to be interested in", ["category", "score"],
            profile.Interests.Select(interest => new[] { interest.Category, interest.Score.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture) }));

        async Task TableAsync(string title, string[] columns, IEnumerable<string[]> rows)
        {
            var all = rows.Select(row => Row("td", row)).ToList();
            if (all.Count > 0) await output.WriteLineAsync($"<h2>{title}</h2>\n<table>{Row("th", columns)}\n{string.Join('\n', all)}</table>");
        }
    }

    private static (string Title, string[] Columns) TitleOf(ExportCustomerResponse.ItemOneofCase item) => item switch
    {
        ExportCustomerResponse.ItemOneofCase.IdentityFact => ("How it was found out that this is all you", ["when", "what"]),
        ExportCustomerResponse.ItemOneofCase.Consent => ("What you allow", ["for", "allowed", "what you said"]),
        ExportCustomerResponse.ItemOneofCase.Membership => ("Groups you are in", ["group", "name"]),
        ExportCustomerResponse.ItemOneofCase.Event => ("Everything that was recorded", ["when", "what", "where", "details"]),
        _ => ("What was decided to offer you", ["when", "where", "what"]),
    };

    private static string[] CellsOf(ExportCustomerResponse item) => item.ItemCase switch
    {
        ExportCustomerResponse.ItemOneofCase.IdentityFact => [ValueText.Of(item.IdentityFact.DecidedAt), IdentityText.Describe(item.IdentityFact)],
        ExportCustomerResponse.ItemOneofCase.Consent =>
        [
            item.Consent.Description.Length > 0 ? item.Consent.Description : item.Consent.Purpose, item.Consent.Allowed ? "yes" : "no",
            string.Join("; ", item.Consent.Acts.Select(act => $"{(act.Channel.Length > 0 ? act.Channel : "all channels")}: {act.State}, {ValueText.Of(act.At)}")),
        ],
        ExportCustomerResponse.ItemOneofCase.Membership => [item.Membership.Segment, item.Membership.DisplayName],
        ExportCustomerResponse.ItemOneofCase.Event =>
        [
            ValueText.Of(item.Event.EffectiveAt), item.Event.Event.Type, item.Event.Event.Channel,
            string.Join(", ", item.Event.Event.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}: {ValueText.Of(p.Value)}")),
        ],
        _ => [ValueText.Of(item.Decision.DecidedAt), item.Decision.Placement, item.Decision.ActionIds.Count > 0 ? string.Join(", ", item.Decision.ActionIds) : "nothing"],
    };

    private static string Row(string cell, string[] texts) => $"<tr>{string.Concat(texts.Select(text => $"<{cell}>{Text(text)}</{cell}>"))}</tr>";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
