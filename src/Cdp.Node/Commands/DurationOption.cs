using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Cdp.Node.Commands;

/// <summary>Options that take a length of time, e.g. <c>90d</c>, <c>12h</c>, <c>30m</c>, <c>45s</c>.</summary>
internal static class DurationOption
{
    private const long MostDays = 36_500;

    public static Option<TimeSpan?> Create(string name, string description) =>
        new(name) { Description = $"{description}, e.g. 90d, 12h, 30m, 45s.", HelpName = "TIME", CustomParser = result => Parse(result, name) };

    private static TimeSpan? Parse(ArgumentResult result, string name)
    {
        var text = result.Tokens[0].Value;
        TimeSpan? unit = text.Length < 2 ? null : text[^1] switch
        {
            'd' => TimeSpan.FromDays(1),
            'h' => TimeSpan.FromHours(1),
            'm' => TimeSpan.FromMinutes(1),
            's' => TimeSpan.FromSeconds(1),
            _ => null,
        };
        if (unit is { } one && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count * (Int128)one.Ticks <= MostDays * TimeSpan.TicksPerDay)
            return one * count;
        result.AddError($"{name}: '{text}' is no length of time; write it like 90d, 12h, 30m or 45s.");
        return null;
    }
}
