using Cdp.Domain.Consent;
using Cdp.V1;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>Events of the longest names and values that the door lets in, each with new ones: what fills a state.</summary>
internal static class AdversarialEvents
{
    /// <summary>After so many every bound was passed.</summary>
    public const int Enough = Others + 200;

    private const int Others = 3_200;

    // Three bytes in UTF-8, the most for one UTF-16 code unit.
    private const char Wide = '語';

    public static Event Make(int i) => i < Others ? Other(i) : Act(i);

    /// <summary>An act of consent.</summary>
    private static Event Act(int i)
    {
        var said = new Event
        {
            Id = Long($"{i}", 128),
            Kind = EventKind.Track,
            Type = ConsentEvents.Type,
            Source = Long("s", 64),
            Channel = Long($"{i}", 64),
            Identifiers = { new Identifier { Namespace = "n", Value = "u" } },
        };
        ConsentEvents.Write(
            new ConsentAct
            {
                Purpose = $"p{i}".PadRight(64, 'p'), Channel = Long($"{i}", 64), Granted = true, ExpiresAt = new Timestamp { UnixMicros = 1L << 50 }, Proof = Long("p", 200),
            },
            said.Properties);
        return said;
    }

    private static Event Other(int i)
    {
        string currency = $"{(char)('A' + (i % 26))}{(char)('A' + (i / 26 % 26))}W";
        var items = Enumerable.Range(0, 8).Select(line => Sample.Map(
            ("product_id", Long($"{i}.{line}", 300)), ("quantity", 999_999_999_999_999m), ("price", 0.000_000_001m), ("category", Long($"c{i}.{line}", 300))));
        return new Event
        {
            Id = Long($"{i}", 128),
            Kind = EventKind.Track,
            Type = i % 3 == 0 ? "purchase" : Long($"t{i % 400}", 128),
            Source = Long("s", 64),
            Channel = Long($"{i}", 64),
            Properties =
            {
                ["total"] = Sample.Of(-999_999_999_999_999.999_999_999m),
                ["currency"] = Sample.Of(currency),
                ["order_id"] = Sample.Of(Long($"o{i}", 300)),
                ["items"] = Sample.List([.. items]),
            },
            Traits = new TraitChanges
            {
                Set = { [Long($"set{i}", 128)] = Sample.Of(new string(Wide, 2_700)) },
                SetOnce = { [Long($"once{i % 7}", 128)] = Sample.Of(new string('x', 8_000)) },
                Add = { [Long($"add{i % 50}", 128)] = Sample.Of(-0.1m) },
                Unset = { Long($"unset{i}", 128) },
            },
            Identifiers = { new Identifier { Namespace = $"n{i}".PadRight(64, 'n'), Value = "u" } },
        };
    }

    private static string Long(string name, int length) => name + new string(Wide, length - name.Length);
}
