using Cdp.Domain.Expressions;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>Every error: where, what, and what to do.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("", "1:1: expected a value or a field, found the end")]
    [InlineData("orders.count >", "1:15: expected a value or a field, found the end")]
    [InlineData("orders.count = 3", "1:14: this character means nothing here; to compare, write ==")]
    [InlineData("traits.vip & true", "1:12: this character means nothing here; write and")]
    [InlineData("traits.vip | true", "1:12: this character means nothing here; write or")]
    [InlineData("!traits.vip", "1:1: this character means nothing here; write not")]
    [InlineData("traits.country == 'DE'", "1:19: this character means nothing here; texts stand between double quotes (\")")]
    [InlineData("traits.country == €", "1:19: this character means nothing here")]
    [InlineData("traits.country == \"DE", "1:19: this text does not end; it needs a closing \" on the same line")]
    [InlineData("traits.country == \"D\\E\"", """1:21: unknown escape; known are \" \\ \n and \t""")]
    [InlineData("traits.age > 1234567890123456", "1:14: a number has at most 15 digits before the point and 9 after it")]
    [InlineData("traits.age > 1.0123456789", "1:14: a number has at most 15 digits before the point and 9 after it")]
    [InlineData("last_seen within 30days", "1:21: a duration is numbers with the units w, d, h, m and s, as in 1d12h")]
    [InlineData("last_seen within 1d12", "1:20: a unit of time is missing: w, d, h, m or s, as in 1d12h")]
    [InlineData("last_seen within 30y", "1:20: no unit of time; known are w, d, h, m and s, as in 30d (amounts: 30 EUR, with a space)")]
    [InlineData("revenue.EUR.net > 30EUR", "1:21: no unit of time; known are w, d, h, m and s, as in 30d (amounts: 30 EUR, with a space)")]
    [InlineData("last_seen within 9999999w", "1:18: a duration is at most 10,000 years")]
    [InlineData("last_seen > 2026-02-30", "1:13: no moment; write a date (2026-01-31, midnight UTC) or a time with its offset (2026-01-31T09:30:00Z, …+01:00)")]
    [InlineData("last_seen > 2026-02-01T09:00", "1:13: no moment; write a date (2026-01-31, midnight UTC) or a time with its offset (2026-01-31T09:30:00Z, …+01:00)")]
    [InlineData("(orders.count > 3", "1:18: expected ) to go with the ( at 1:1, found the end")]
    [InlineData("orders.count > 3)", "1:17: this ) closes nothing")]
    [InlineData("traits.plan in [\"a\", \"b\"", "1:25: expected ] to go with the [ at 1:16, found the end")]
    [InlineData("traits.plan in [\"a\" \"b\"]", "1:21: expected ] to go with the [ at 1:16, found '\"b\"'")]
    [InlineData("orders.count is 3", "1:17: expected set or missing after is, found '3'")]
    [InlineData("orders.3", "1:8: expected a name after the point, found '3'; names of other characters stand in brackets, as in events[\"Product Viewed\"]")]
    [InlineData("events[3].count", "1:8: expected a text in brackets, found '3'; as in events[\"Product Viewed\"]")]
    [InlineData("1 < 2 < 3", "1:7: comparisons do not chain; join them with and")]
    [InlineData("traits.vip AND true", "1:12: expected an operator or the end, found 'AND'; operators are written in small letters")]
    [InlineData("traits.plan contians \"x\"", "1:13: expected an operator or the end, found 'contians'; did you mean contains?")]
    [InlineData("traits.vip true", "1:12: expected an operator or the end, found 'true'")]
    public void Syntax(string text, string expected) => AssertFirst(expected, text);

    [Theory]
    [InlineData("trait.country == \"DE\"", "1:1: there is no field 'trait'; did you mean traits?")]
    [InlineData("order.count > 1", "1:1: there is no field 'order'; did you mean orders?")]
    [InlineData("weather == \"fine\"", "1:1: there is no field 'weather'; fields begin with traits, first_seen, last_seen, first_channel, last_channel, events, channels, identifiers, orders, refunds, revenue, sessions, products, interests, now or call")]
    [InlineData("revenue.EUR.nett > 1 EUR", "1:13: there is no 'nett' in revenue.EUR; did you mean net?")]
    [InlineData("revenue.Euro.net > 1 EUR", "1:9: 'Euro' is no currency; codes are three capital letters, as in EUR")]
    [InlineData("sessions.length > 1", "1:10: there is no 'length' in sessions; known are count, last_start, last_end or last_events")]
    [InlineData("orders > 1", "1:1: this is no field yet; it goes on with count, first, last or <CUR>")]
    [InlineData("traits == 1", "1:1: this is no field yet; it goes on with <name>")]
    [InlineData("first_seen.year > 1", "1:12: nothing follows here: this field has no parts")]
    [InlineData("size(traits.x) > 1", "1:1: there is no function 'size'; known are coalesce and length")]
    [InlineData("lenght(traits.x) > 1", "1:1: there is no function 'lenght'; did you mean length?")]
    public void Names(string text, string expected) => AssertFirst(expected, text);

    [Theory]
    [InlineData("orders.count", "1:1: an expression ends in true or false; this is number")]
    [InlineData("orders.count and true", "1:1: and joins conditions; this is number")]
    [InlineData("true or \"x\"", "1:9: or joins conditions; this is text")]
    [InlineData("not 3", "1:5: not turns a condition round; this is number")]
    [InlineData("-\"x\" == 3", "1:2: minus takes a number, money or a duration, not text")]
    [InlineData("orders.count == \"3\"", "1:14: number and text cannot be compared")]
    [InlineData("revenue.EUR.net > 100", "1:17: money in EUR and number cannot be compared; write the currency behind the number, as in 100 EUR")]
    [InlineData("revenue.EUR.net > 100 USD", "1:17: amounts of EUR and USD are never compared nor summed")]
    [InlineData("revenue.EUR.net + revenue.USD.net > 1 EUR", "1:17: amounts of EUR and USD are never compared nor summed")]
    [InlineData("true < false", "1:6: < puts values in order, and true and false have none")]
    [InlineData("[1] == [1]", "1:5: == compares single values; for lists write in or contains")]
    [InlineData("orders.count in 3", "1:17: in needs a list behind it, not number; as in [\"a\", \"b\"]")]
    [InlineData("[1] in [1]", "1:1: in looks for a single value in a list, not for a list")]
    [InlineData("orders.count in [\"a\"]", "1:14: number and text cannot be compared")]
    [InlineData("orders.count in []", "1:17: a list needs a value")]
    [InlineData("orders.count in [1, \"a\"]", "1:21: a list holds values of one type: the first is number, this is text")]
    [InlineData("orders.count in [1, orders.count]", "1:21: a list holds values only, as in [\"a\", \"b\"]")]
    [InlineData("orders.count contains 3", "1:1: contains looks into a text or a list; this is number")]
    [InlineData("last_channel contains 3", "1:23: a text is searched for a text; this is number")]
    [InlineData("traits.hobbies contains [1]", "1:25: contains looks for a single value, not for a list")]
    [InlineData("[1] contains \"a\"", "1:5: number and text cannot be compared")]
    [InlineData("orders.count starts_with \"3\"", "1:1: starts_with looks at a text; this is number")]
    [InlineData("last_channel ends_with 3", "1:24: a text is searched for a text; this is number")]
    [InlineData("orders.count within 3d", "1:1: within asks how long ago a moment was; this is number")]
    [InlineData("last_seen within 3", "1:18: within takes a duration, as in 30d; this is number")]
    [InlineData("last_seen + last_seen == now", "1:11: timestamp + timestamp has no meaning")]
    [InlineData("3 / 1d == 1", "1:3: number / duration has no meaning")]
    [InlineData("length(3) == 1", "1:8: length takes a text or a list; this is number")]
    [InlineData("length(\"a\", \"b\") == 1", "1:1: length takes one text or list")]
    [InlineData("coalesce(1) == 1", "1:1: coalesce takes two values or more: the first that is not missing counts")]
    [InlineData("coalesce(1, \"a\") == 1", "1:13: the values of coalesce are of one type: the first is number, this is text")]
    public void Types(string text, string expected) => AssertFirst(expected, text);

    [Theory]
    [InlineData("last_seen within 30d", "1:11: 'within' changes by time alone, which moves nobody into or out of a segment in this version; compare with a fixed moment or use it in a decision")]
    [InlineData("now > last_seen", "1:1: 'now' changes by time alone, which moves nobody into or out of a segment in this version; compare with a fixed moment or use it in a decision")]
    [InlineData("interests.tv.score > 1", "1:1: 'interests.tv.score' changes by time alone, which moves nobody into or out of a segment in this version; compare with a fixed moment or use it in a decision")]
    [InlineData("call.channel == \"web\"", "1:1: a segment knows nothing of a call; use it in a decision")]
    [InlineData("call.context.page == \"/\"", "1:1: a segment knows nothing of a call; use it in a decision")]
    public void Of_segments(string text, string expected)
    {
        AssertFirst(expected, text, ExpressionUse.Segment);
        Asking.Compile(text);
    }

    [Fact]
    public void All_errors_are_told_at_once_each_with_its_line_and_caret() => Assert.Equal(
        """
        2:3: there is no field 'order'; did you mean orders?
            order.count > 3
            ^^^^^
        3:22: money in EUR and number cannot be compared; write the currency behind the number, as in 100 EUR
            or revenue.EUR.net >= 7
                               ^^
        """, Asking.Errors("traits.vip and (\n  order.count > 3\n  or revenue.EUR.net >= 7\r\n)"));

    [Fact]
    public void A_caret_keeps_its_place_behind_tabs() => Assert.Equal(
        "1:3: there is no field 'x'; fields begin with traits, first_seen, last_seen, first_channel, last_channel, events, channels, identifiers, orders, refunds, revenue, sessions, products, interests, now or call\n  \t x\n  \t ^",
        Asking.Errors("\t x"));

    [Fact]
    public void Length_depth_and_size_are_bounded()
    {
        AssertFirst($"1:8193: an expression has at most 8,192 characters", new string(' ', 9_000));
        AssertFirst("1:65: an expression is nested at most 64 deep", new string('(', 5_000));
        AssertFirst("1:257: an expression is nested at most 64 deep", string.Concat(Enumerable.Repeat("not ", 2_000)));
        AssertFirst("1:65: an expression is nested at most 64 deep", new string('-', 5_000));
        AssertFirst("1:1: an expression has at most 1,000 parts", string.Join('+', Enumerable.Repeat("1", 1_200)));
        Asking.Compile(new string('(', 63) + "true" + new string(')', 63));
    }

    [Fact]
    public void Of_a_long_line_only_what_is_around_the_mistake_is_shown()
    {
        string before = string.Concat(Enumerable.Repeat("traits.a or ", 40));
        string error = Asking.Errors($"{before}nothing or {before}true");

        string[] lines = error.Split('\n');
        Assert.StartsWith($"1:{before.Length + 1}: there is no field 'nothing'", lines[0], StringComparison.Ordinal);
        Assert.Equal(2 + 122, lines[1].Length);
        Assert.StartsWith("  …", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("…", lines[1], StringComparison.Ordinal);
        Assert.Equal("nothing", lines[1].Substring(lines[2].IndexOf('^', StringComparison.Ordinal), lines[2].Count(c => c == '^')));

        // At both ends of the line there is nothing to leave out.
        lines = Asking.Errors($"nothing or {before}true").Split('\n');
        Assert.StartsWith("  nothing or", lines[1], StringComparison.Ordinal);
        Assert.Equal("  ^^^^^^^", lines[2]);
        lines = Asking.Errors($"{before}nothing").Split('\n');
        Assert.EndsWith("or nothing", lines[1], StringComparison.Ordinal);
        Assert.Equal(lines[1].Length, lines[2].Length);

        // What is wrong may itself be longer than what is shown.
        lines = Asking.Errors(new string('n', 4_000)).Split('\n');
        Assert.Equal((2 + 121, 2 + 120), (lines[1].Length, lines[2].Length));
    }

    private static void AssertFirst(string expected, string text, ExpressionUse use = ExpressionUse.Decision) =>
        Assert.Equal(expected, Asking.Errors(text, use).Split('\n')[0]);
}
