using System.Globalization;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>An amount, a moment and a length of time as the naive interpreter has them; numbers are decimals, a missing value is null.</summary>
internal sealed record Amount(decimal Value, string Currency);

internal sealed record Moment(decimal Micros);

internal sealed record Length(decimal Micros);

/// <summary>
/// A random well-typed expression: its text, with more parentheses than it needs, and its value about a rendered profile,
/// computed the naive way: boxed values and <see cref="decimal"/>.
/// </summary>
internal sealed record NaiveExpression(string Text, Func<Profile, object?> Value)
{
    private const decimal Limit = 1_000_000_000_000_000m;
    private static readonly string[] Currencies = ["EUR", "USD"];

    public static Gen<NaiveExpression> Condition { get; } = Gen.Sized(size => Bool(Math.Min(size, 40)));

    private static Gen<NaiveExpression> Bool(int size) => size <= 1
        ? Gen.OneOf(Presence(Any(0)), Gen.Elements(Constant("true", true), Constant("false", false)))
        : Choose(
            (3, () => Both(Bool(size / 2), "and", Bool(size / 2), (a, b) => Logic(a, b, absorbing: false))),
            (3, () => Both(Bool(size / 2), "or", Bool(size / 2), (a, b) => Logic(a, b, absorbing: true))),
            (2, () => Bool(size / 2).Select(inner => new NaiveExpression($"not ({inner.Text})", p => inner.Value(p) is bool value ? !value : null))),
            (6, () => Comparison(size / 2)),
            (3, Holds),
            (2, TextTest),
            (1, () => Presence(Any(size / 2))));

    private static Gen<NaiveExpression> Comparison(int size) =>
        from which in Gen.Choose(0, 7)
        from pair in which switch
        {
            0 => Pair(Number(size), Number(size)),
            1 => Pair(Money(size), Money(size)),
            2 => Pair(Texts(), Texts()),
            3 => Pair(Time(size), Time(size)),
            4 => Pair(Duration(size), Duration(size)),
            5 => Pair(Trait(), Number(size)),
            6 => Pair(Trait(), Texts()),
            _ => Pair(Trait(), Trait()),
        }
        from comparison in Gen.Elements("==", "!=", "<", "<=", ">", ">=")
        select new NaiveExpression($"({pair.Left.Text}) {comparison} ({pair.Right.Text})", p => Compare(pair.Left.Value(p), pair.Right.Value(p)) is not { } order ? null : comparison switch
        {
            "==" => order == 0,
            "!=" => order != 0,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        });

    // Amounts of two known currencies do not compile together.
    private static Gen<(NaiveExpression Left, NaiveExpression Right)> Pair(Gen<NaiveExpression> left, Gen<NaiveExpression> right) =>
        from l in left
        from r in right
        where !(l.Text.Contains("EUR", StringComparison.Ordinal) && r.Text.Contains("USD", StringComparison.Ordinal))
            && !(l.Text.Contains("USD", StringComparison.Ordinal) && r.Text.Contains("EUR", StringComparison.Ordinal))
        select (l, r);

    private static Gen<NaiveExpression> Holds() =>
        from value in Gen.OneOf(Texts(), Trait())
        from items in Gen.Elements("gold", "silver", "web", "store", "xxx").NonEmptyListOf()
        from operation in Gen.Elements("in", "not in", "contains")
        let list = $"[{string.Join(", ", items.Select(item => $"\"{item}\""))}]"
        select new NaiveExpression(
            operation == "contains" ? $"{list} contains {value.Text}" : $"({value.Text}) {operation} {list}",
            p => value.Value(p) is string text ? items.Contains(text) != (operation == "not in") : null);

    private static Gen<NaiveExpression> TextTest() =>
        from whole in Gen.OneOf(Texts(), Trait())
        from part in Texts()
        from operation in Gen.Elements("contains", "starts_with", "ends_with")
        select new NaiveExpression($"({whole.Text}) {operation} ({part.Text})", p => (whole.Value(p), part.Value(p)) is not (string w, string t) ? null : operation switch
        {
            "contains" => w.Contains(t, StringComparison.Ordinal),
            "starts_with" => w.StartsWith(t, StringComparison.Ordinal),
            _ => w.EndsWith(t, StringComparison.Ordinal),
        });

    private static Gen<NaiveExpression> Presence(Gen<NaiveExpression> inner) =>
        from value in inner
        from isSet in Gen.Elements(true, false)
        select new NaiveExpression($"({value.Text}) is {(isSet ? "set" : "missing")}", p => value.Value(p) is not null == isSet);

    private static Gen<NaiveExpression> Any(int size) =>
        Choose((1, () => Number(size)), (1, () => Money(size)), (1, Texts), (1, () => Time(size)), (1, () => Duration(size)), (1, Trait));

    /// <summary>Makes the generator of the one choice that is taken: the others would be without end.</summary>
    private static Gen<NaiveExpression> Choose(params (int Weight, Func<Gen<NaiveExpression>> Make)[] choices) =>
        from ticket in Gen.Choose(0, choices.Sum(choice => choice.Weight) - 1)
        from chosen in choices.SelectMany(choice => Enumerable.Repeat(choice.Make, choice.Weight)).ElementAt(ticket)()
        select chosen;

    private static Gen<NaiveExpression> Number(int size)
    {
        var leaf = Gen.OneOf(
            Gen.Choose(0, 60).Select(n => Constant(n.ToString(CultureInfo.InvariantCulture), (decimal)n)),
            Gen.Choose(0, 5000).Select(n => Constant((n / 100m).ToString("0.00", CultureInfo.InvariantCulture), n / 100m)),
            Gen.Constant(Constant("999999999999999", Limit - 1)),
            Gen.Constant(new NaiveExpression("events.count", p => (decimal)p.Activity.EventCount)),
            Gen.Constant(new NaiveExpression("sessions.count", p => (decimal)p.Sessions.Count)),
            Gen.Constant(new NaiveExpression("sessions.last_events", p => p.Sessions.LastStart is null ? null : (decimal)p.Sessions.LastEventCount)),
            Gen.Constant(new NaiveExpression("orders.count", p => p.Monetary.Sum(m => (decimal)m.Orders))),
            Gen.Constant(new NaiveExpression("refunds.count", p => p.Monetary.Sum(m => (decimal)m.Refunds))),
            Gen.Constant(new NaiveExpression("products.ordered", p => (decimal)p.Products.DistinctOrdered)),
            Gen.Elements(Currencies).Select(c => new NaiveExpression($"orders.{c}.count", p => (decimal?)In(p, c)?.Orders ?? 0m)),
            Gen.Elements("p1", "p2").Select(id => new NaiveExpression($"products.{id}.views", p => (decimal?)p.Products.Top.FirstOrDefault(t => t.ProductId == id)?.Views ?? 0m)),
            Gen.Elements("Order Completed", "Product Viewed", "identify").Select(type => new NaiveExpression(
                $"events[\"{type}\"].count", p => (decimal?)p.Activity.Types_.FirstOrDefault(t => t.Type == type)?.Count ?? 0m)),
            Gen.Elements("web", "store", "fax").Select(name => new NaiveExpression(
                $"channels.{name}.count", p => (decimal?)p.Activity.Channels.FirstOrDefault(c => c.Channel == name)?.Count ?? 0m)));
        return size <= 1 ? leaf : Choose(
            (3, () => leaf),
            (2, () => Arithmetic(Number(size / 2), Number(size / 2), "+", "-", "*", "/")),
            (1, () => Number(size / 2).Select(inner => new NaiveExpression($"-({inner.Text})", p => inner.Value(p) is decimal value ? -value : null))),
            (1, () => Coalesce(Trait(), Number(size / 2))),
            (1, () => Texts().Select(text => new NaiveExpression($"length({text.Text})", p => text.Value(p) is string value ? (decimal)value.Length : null))));
    }

    private static Gen<NaiveExpression> Coalesce(Gen<NaiveExpression> first, Gen<NaiveExpression> second) =>
        from a in first
        from b in second
        select new NaiveExpression($"coalesce({a.Text}, {b.Text})", p => a.Value(p) ?? b.Value(p));

    private static Gen<NaiveExpression> Money(int size) =>
        from currency in Gen.Elements(Currencies)
        from money in MoneyIn(currency, size)
        select money;

    private static Gen<NaiveExpression> MoneyIn(string currency, int size)
    {
        var leaf = Gen.OneOf(
            Gen.Choose(0, 9000).Select(n => Constant($"{(n / 100m).ToString("0.##", CultureInfo.InvariantCulture)} {currency}", new Amount(n / 100m, currency))),
            Gen.Constant(new NaiveExpression($"revenue.{currency}.gross", p => Of(In(p, currency)?.GrossRevenue, currency))),
            Gen.Constant(new NaiveExpression($"revenue.{currency}.net", p => Of(In(p, currency)?.NetRevenue, currency))),
            Gen.Constant(new NaiveExpression($"revenue.{currency}.refunded", p => Of(In(p, currency)?.Refunded, currency))),
            Gen.Constant(new NaiveExpression($"revenue.{currency}.average", p => In(p, currency) is { Orders: > 0 } m
                ? new Amount(decimal.Round(Of(m.GrossRevenue, currency).Value / m.Orders, 9, MidpointRounding.ToEven), currency)
                : null)));
        return size <= 1 ? leaf : Choose(
            (3, () => leaf),
            (1, () => Arithmetic(MoneyIn(currency, size / 2), MoneyIn(currency, size / 2), "+", "-")),
            (1, () => Arithmetic(MoneyIn(currency, size / 2), Number(size / 2), "*", "/")));
    }

    private static Gen<NaiveExpression> Texts() => Gen.OneOf(
        Gen.Elements("gold", "web", "x", "", "ol").Select(text => Constant($"\"{text}\"", text)),
        Gen.Constant(new NaiveExpression("first_channel", p => NotEmpty(p.Activity.FirstChannel))),
        Gen.Constant(new NaiveExpression("last_channel", p => NotEmpty(p.Activity.LastChannel))));

    private static Gen<NaiveExpression> Time(int size)
    {
        var leaf = Gen.OneOf(
            Gen.Elements("2023-11-14", "2023-12-01T10:00:00Z", "2023-12-24T01:30:00+05:30").Select(text => Constant(
                text, new Moment(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds() * 1000m))),
            Gen.Constant(new NaiveExpression("first_seen", p => At(p.Activity.FirstSeen))),
            Gen.Constant(new NaiveExpression("last_seen", p => At(p.Activity.LastSeen))),
            Gen.Constant(new NaiveExpression("sessions.last_end", p => At(p.Sessions.LastEnd))),
            Gen.Constant(new NaiveExpression("orders.last", p => Furthest(p.Monetary.Select(m => m.LastOrder), newest: true))),
            Gen.Constant(new NaiveExpression("orders.first", p => Furthest(p.Monetary.Select(m => m.FirstOrder), newest: false))));
        return size <= 1 ? leaf : Choose((3, () => leaf), (1, () => Arithmetic(Time(size / 2), Duration(size / 2), "+", "-")));
    }

    private static Gen<NaiveExpression> Duration(int size)
    {
        var leaf = Gen.Elements(("1d", 86_400m), ("36h", 129_600m), ("1w2d3h4m5s", 788_645m), ("0s", 0m))
            .Select(pair => Constant(pair.Item1, new Length(pair.Item2 * 1_000_000m)));
        return size <= 1 ? leaf : Choose(
            (3, () => leaf),
            (1, () => Arithmetic(Time(size / 2), Time(size / 2), "-")),
            (1, () => Arithmetic(Duration(size / 2), Duration(size / 2), "+", "-")));
    }

    /// <summary>Of any type, known only when it is read.</summary>
    private static Gen<NaiveExpression> Trait() => Gen.Elements("tier", "points", "visits", "name", "unknown")
        .Select(name => new NaiveExpression($"traits.{name}", p => Plain(p.Traits.FirstOrDefault(t => t.Name == name)?.Value)));

    private static Gen<NaiveExpression> Arithmetic(Gen<NaiveExpression> left, Gen<NaiveExpression> right, params string[] operations) =>
        from operation in Gen.Elements(operations)
        from both in Both(left, operation, right, (a, b) => Calculate(operation, a, b))
        select both;

    private static Gen<NaiveExpression> Both(Gen<NaiveExpression> left, string operation, Gen<NaiveExpression> right, Func<object?, object?, object?> value) =>
        from l in left
        from r in right
        select new NaiveExpression($"(({l.Text}) {operation} ({r.Text}))", p => value(l.Value(p), r.Value(p)));

    private static NaiveExpression Constant(string text, object value) => new(text, _ => value);

    private static bool? Logic(object? left, object? right, bool absorbing)
    {
        if (left is bool l && l == absorbing)
            return l;
        if (right is bool r && r == absorbing)
            return r;
        return left is bool && right is bool ? !absorbing : null;
    }

    private static object? Calculate(string operation, object? left, object? right) => (left, right) switch
    {
        (decimal a, decimal b) => Number(operation, a, b),
        (Amount a, Amount b) when a.Currency == b.Currency => Number(operation, a.Value, b.Value) is { } sum ? new Amount(sum, a.Currency) : null,
        (Amount a, decimal b) => Number(operation, a.Value, b) is { } product ? new Amount(product, a.Currency) : null,
        (Moment a, Length b) => new Moment(operation == "+" ? a.Micros + b.Micros : a.Micros - b.Micros),
        (Moment a, Moment b) => new Length(a.Micros - b.Micros),
        (Length a, Length b) => new Length(operation == "+" ? a.Micros + b.Micros : a.Micros - b.Micros),
        _ => null,
    };

    private static decimal? Number(string operation, decimal left, decimal right)
    {
        try
        {
            decimal? result = operation switch
            {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                _ => right == 0 ? null : left / right,
            };
            return result is { } exact && Math.Abs(decimal.Round(exact, 9, MidpointRounding.ToEven)) is < Limit ? decimal.Round(exact, 9, MidpointRounding.ToEven) : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static int? Compare(object? left, object? right) => (left, right) switch
    {
        (decimal a, decimal b) => a.CompareTo(b),
        (Amount a, Amount b) when a.Currency == b.Currency => a.Value.CompareTo(b.Value),
        (string a, string b) => string.CompareOrdinal(a, b),
        (Moment a, Moment b) => a.Micros.CompareTo(b.Micros),
        (Length a, Length b) => a.Micros.CompareTo(b.Micros),
        _ => null,
    };

    private static Monetary? In(Profile profile, string currency) => profile.Monetary.FirstOrDefault(m => m.CurrencyCode == currency);

    private static Amount Of(Cdp.V1.Money? money, string currency) => new(money is null ? 0 : decimal.Parse(money.Amount, CultureInfo.InvariantCulture), currency);

    private static Moment? At(Timestamp? time) => time is null ? null : new Moment(time.UnixMicros);

    private static Moment? Furthest(IEnumerable<Timestamp?> times, bool newest)
    {
        var known = times.Where(time => time is not null).Select(time => time!.UnixMicros).ToList();
        return known.Count == 0 ? null : new Moment(newest ? known.Max() : known.Min());
    }

    private static string? NotEmpty(string text) => text.Length == 0 ? null : text;

    private static object? Plain(Cdp.V1.Value? value) => value?.KindCase switch
    {
        Cdp.V1.Value.KindOneofCase.IntValue => (decimal)value.IntValue,
        Cdp.V1.Value.KindOneofCase.DecimalValue => decimal.Parse(value.DecimalValue, CultureInfo.InvariantCulture),
        Cdp.V1.Value.KindOneofCase.DoubleValue => (decimal)value.DoubleValue,
        Cdp.V1.Value.KindOneofCase.StringValue => value.StringValue,
        _ => null,
    };
}
