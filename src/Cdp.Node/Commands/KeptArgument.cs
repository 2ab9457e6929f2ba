using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Cdp.Domain.Tenants;

namespace Cdp.Node.Commands;

/// <summary>How long events are kept, as an argument: <c>90d</c>, <c>forever</c>, and for a type <c>default</c>.</summary>
internal static class KeptArgument
{
    private const string Forever = "forever";
    private const string Default = "default";

    /// <summary>Makes the argument; its value is that of <c>event_days</c>.</summary>
    /// <param name="ofType">Whether it is said of a type of events, and not of a tenant.</param>
    public static Argument<int> Create(bool ofType) => new("time")
    {
        Description = $"Days since an event was received, e.g. 90d, or {Forever}{(ofType ? $", or {Default}: as the tenant says" : "")}.",
        HelpName = "TIME",
        CustomParser = result => Parse(result, ofType),
    };

    /// <summary>The words for it.</summary>
    public static string Of(int days, bool ofType) => days switch
    {
        0 => ofType ? Default : Forever,
        EventRetention.ForGood => Forever,
        _ => string.Create(CultureInfo.InvariantCulture, $"{days}d"),
    };

    private static int Parse(ArgumentResult result, bool ofType)
    {
        var text = result.Tokens[0].Value;
        if (text == Forever) return ofType ? EventRetention.ForGood : 0;
        if (ofType && text == Default) return 0;
        if (text.EndsWith('d') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= EventRetention.MaxDays) return days;
        result.AddError($"'{text}' is no time for which events are kept; write it like 90d (1 to {EventRetention.MaxDays:N0} days), or {Forever}{(ofType ? $" or {Default}" : "")}.");
        return 0;
    }
}
