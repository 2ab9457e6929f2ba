using Cdp.State.V1;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>Every operator, field and rule, one by one.</summary>
public sealed class OperatorTests
{
    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("not false", true)]
    [InlineData("true and true", true)]
    [InlineData("true and false", false)]
    [InlineData("false or true", true)]
    [InlineData("false or false", false)]
    [InlineData("true or false and false", true)]
    [InlineData("(true or false) and false", false)]
    [InlineData("not true or true", true)]
    [InlineData("not (true or true)", false)]
    public void Logic(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("traits.unknown == \"x\"")]
    [InlineData("traits.unknown != \"x\"")]
    [InlineData("not (traits.unknown == \"x\")")]
    [InlineData("traits.unknown in [\"x\"]")]
    [InlineData("traits.unknown not in [\"x\"]")]
    [InlineData("traits.unknown + 1 > 0")]
    [InlineData("traits.unknown contains \"x\"")]
    [InlineData("length(traits.unknown) > 0")]
    [InlineData("true and traits.unknown == 1")]
    [InlineData("false or traits.unknown == 1")]
    [InlineData("traits.country > 3")]
    [InlineData("traits.country == 3")]
    [InlineData("traits.nothing == 1")]
    [InlineData("traits.address == \"x\"")]
    [InlineData("traits.country.code == \"x\"")]
    [InlineData("traits.hobbies == traits.hobbies")]
    [InlineData("traits.country and true")]
    [InlineData("traits.limit > 3 USD")]
    [InlineData("1 / 0 > 1")]
    [InlineData("999999999999999 * 10 > 1")]
    [InlineData("100 EUR / 0 == 1 EUR")]
    [InlineData("2026-01-01 + 9000w * 100 > 2026-01-01")]
    [InlineData("traits.limit / (1 USD) == 1")]
    [InlineData("revenue.USD.average > 0 USD")]
    [InlineData("products.unknown.last < now")]
    public void What_cannot_be_told_is_neither_true_nor_false(string text) => Assert.Null(Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("false and traits.unknown == 1", false)]
    [InlineData("traits.unknown == 1 and false", false)]
    [InlineData("true or traits.unknown == 1", true)]
    [InlineData("traits.unknown == 1 or true", true)]
    [InlineData("traits.unknown is missing", true)]
    [InlineData("traits.unknown is set", false)]
    [InlineData("traits.country is set", true)]
    [InlineData("traits.nothing is missing", true)]
    [InlineData("traits.address is missing", true)]
    [InlineData("(traits.unknown == 1) is missing", true)]
    [InlineData("coalesce(traits.unknown, 3) == 3", true)]
    [InlineData("coalesce(traits.unknown, traits.age, 3) == 41", true)]
    [InlineData("coalesce(traits.country, \"XX\") == \"DE\"", true)]
    [InlineData("traits.hobbies contains \"chess\"", true)]
    [InlineData("traits.hobbies contains \"polo\"", false)]
    [InlineData("\"golf\" in traits.hobbies", true)]
    [InlineData("\"polo\" not in traits.hobbies", true)]
    [InlineData("length(traits.hobbies) == 2", true)]
    [InlineData("length(traits.country) == 2", true)]
    public void Missing_values_decide_where_they_can(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("traits.country == \"DE\"", true)]
    [InlineData("traits.country != \"DE\"", false)]
    [InlineData("traits.country < \"DF\"", true)]
    [InlineData("traits.country in [\"AT\", \"DE\"]", true)]
    [InlineData("traits.country not in [\"AT\", \"CH\"]", true)]
    [InlineData("traits.plan contains \"ol\"", true)]
    [InlineData("traits.plan starts_with \"go\"", true)]
    [InlineData("traits.plan ends_with \"go\"", false)]
    [InlineData("traits[\"plan\"] == \"gold\"", true)]
    [InlineData("traits.address.city == \"Kiel\"", true)]
    [InlineData("traits.address[\"zip code\"] == \"24103\"", true)]
    [InlineData("\"say \\\"hi\\\"\\n\\t\\\\\" == \"x\"", false)]
    [InlineData("traits.age == 41", true)]
    [InlineData("traits.age >= 41.0", true)]
    [InlineData("traits.age + 1 == 42", true)]
    [InlineData("traits.age in [40, 41]", true)]
    [InlineData("traits.age > -1", true)]
    [InlineData("traits.discount == 0.15", true)]
    [InlineData("traits.discount * 100 == 15", true)]
    [InlineData("traits.ratio == 0.5", true)]
    [InlineData("traits.points == 7", true)]
    [InlineData("traits.vip", true)]
    [InlineData("traits.vip == true", true)]
    [InlineData("not traits.vip", false)]
    [InlineData("traits.born < 1990-01-01", true)]
    [InlineData("traits.limit == 500 EUR", true)]
    [InlineData("traits.limit > revenue.EUR.net", true)]
    public void Traits(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("events.count == 8", true)]
    [InlineData("events[\"Product Viewed\"].count == 3", true)]
    [InlineData("events[\"Product Burnt\"].count == 0", true)]
    [InlineData("events[\"Order Completed\"].sum.EUR == 150.50 EUR", true)]
    [InlineData("events[\"Order Completed\"].sum.USD == 0 USD", true)]
    [InlineData("events[\"Product Burnt\"].sum.USD == 0 USD", true)]
    [InlineData("channels.web.count == 7", true)]
    [InlineData("channels.chat.count == 0", true)]
    [InlineData("first_channel == \"store\" and last_channel == \"web\"", true)]
    [InlineData("first_seen < 2025-10-17 and last_seen >= 2026-11-15T12:00:00Z", true)]
    [InlineData("identifiers.user_id and identifiers.loyalty_card and not identifiers.email", true)]
    [InlineData("identifiers.user_id.last_seen == last_seen and identifiers.loyalty_card.last_seen == first_seen", true)]
    [InlineData("identifiers.email.last_seen is missing", true)]
    [InlineData("orders.count == 3", true)]
    [InlineData("orders.EUR.count == 2 and orders.CHF.count == 1 and orders.USD.count == 0", true)]
    [InlineData("orders.first == 2026-10-21T12:00Z and orders.last == 2026-11-10T13:00+01:00", true)]
    [InlineData("refunds.count == 1 and refunds.EUR.count == 1 and refunds.CHF.count == 0", true)]
    [InlineData("revenue.EUR.gross == 150.5 EUR and revenue.EUR.refunded == 0.5 EUR and revenue.EUR.net == 150 EUR", true)]
    [InlineData("revenue.EUR.average == 75.25 EUR and revenue.USD.net == 0 USD", true)]
    [InlineData("revenue.EUR.net / 3 == 50 EUR and revenue.EUR.net * 2 > 299.99 EUR and revenue.EUR.net / (75 EUR) == 2", true)]
    [InlineData("sessions.count == 7 and sessions.last_events == 1 and sessions.last_end == sessions.last_start", true)]
    [InlineData("products.ordered == 1", true)]
    [InlineData("products[\"WM-1\"].views == 2 and products[\"WM-1\"].orders == 1 and products[\"WM-1\"].quantity == 1", true)]
    [InlineData("products[\"XY\"].views == 0", true)]
    [InlineData("products[\"WM-1\"].last == orders.first", true)]
    [InlineData("interests.top == \"washing\"", true)]
    [InlineData("interests.washing.share > 0.66 and interests.washing.share < 0.67 and interests.unknown.share == 0", true)]
    [InlineData("interests.washing.score > 0.5 and interests.washing.score < 1.5", true)]
    public void Behaviour(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("last_seen within 5d", true)]
    [InlineData("last_seen within 4d23h59m59s", false)]
    [InlineData("now + 1d within 1s", true)]
    [InlineData("now - orders.last == 10d", true)]
    [InlineData("now - orders.last == 1w3d", true)]
    [InlineData("orders.last + 10d == now", true)]
    [InlineData("10d + orders.last == now", true)]
    [InlineData("now - orders.last - 5d == 5d", true)]
    [InlineData("-(1d) < 0s", true)]
    [InlineData("1d * 2 == 48h and 2 * 1d == 48h and 1d / 2 == 720m and 1d / 1h == 24", true)]
    [InlineData("orders.last < orders.first", false)]
    [InlineData("call.channel == \"web\"", true)]
    [InlineData("call.context.page starts_with \"/wash\"", true)]
    [InlineData("call.context.cart.items == 2", true)]
    [InlineData("call.context.unknown is missing", true)]
    public void Time_and_call(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Theory]
    [InlineData("2 + 3 * 4 == 14", true)]
    [InlineData("(2 + 3) * 4 == 20", true)]
    [InlineData("10 - 2 - 3 == 5", true)]
    [InlineData("8 / 2 / 2 == 2", true)]
    [InlineData("10 - (2 - 3) == 11", true)]
    [InlineData("1 / 3 == 0.333333333", true)]
    [InlineData("2 / 3 == 0.666666667", true)]
    [InlineData("-2 * -3 == 6", true)]
    [InlineData("- -2 == 2", true)]
    [InlineData("0.1 + 0.2 == 0.3", true)]
    [InlineData("1.5 EUR + 2 EUR == 3.50 EUR", true)]
    [InlineData("-1 EUR < 0 EUR", true)]
    [InlineData("3 EUR * 2 == 2 * 3 EUR", true)]
    [InlineData("3 in [1, 2, -3]", false)]
    [InlineData("-3 in [1, 2, -3]", true)]
    [InlineData("1 EUR in [1 EUR, 2 EUR]", true)]
    [InlineData("1d in [24h]", true)]
    [InlineData("2026-01-01 in [2026-01-01T00:00:00Z]", true)]
    [InlineData("[1, 2] contains 2", true)]
    [InlineData("\"abc\" contains \"b\"", true)]
    public void Arithmetic_and_constants(string text, bool expected) => Assert.Equal(expected, Asking.Ask(text, Asking.Anna));

    [Fact]
    public void Nobody_knows_anything_of_a_stranger()
    {
        var stranger = new ProfileState();
        Assert.True(Asking.Ask("events.count == 0 and orders.count == 0 and revenue.EUR.net == 0 EUR and sessions.count == 0 and products.ordered == 0", stranger));
        Assert.True(Asking.Ask("first_seen is missing and last_channel is missing and orders.last is missing and interests.top is missing and sessions.last_end is missing and interests.x.share == 0", stranger));
    }

    [Fact]
    public void An_explanation_tells_the_value_of_every_part()
    {
        var explanation = Asking.Compile("(traits.country == \"DE\") and not (orders.count + 1 >= 9 or traits.unknown == 1)").Explain(Asking.About(Asking.Anna));

        Assert.Equal(
            """
            traits.country == "DE" and not (orders.count + 1 >= 9 or traits.unknown == 1): missing
              traits.country == "DE": true
                traits.country: "DE"
              not (orders.count + 1 >= 9 or traits.unknown == 1): missing
                orders.count + 1 >= 9 or traits.unknown == 1: missing
                  orders.count + 1 >= 9: false
                    orders.count + 1: 4
                      orders.count: 3
                  traits.unknown == 1: missing
                    traits.unknown: missing
            """, string.Join('\n', Lines(explanation, 0)));
    }

    private static IEnumerable<string> Lines(Domain.Expressions.Explanation part, int depth) =>
        part.Parts.SelectMany(inner => Lines(inner, depth + 1)).Prepend($"{new string(' ', depth * 2)}{part.Text}: {part.Value}");
}
