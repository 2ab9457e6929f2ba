using Cdp.Domain.Expressions;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Domain.Tests.Profiles;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Expressions;

/// <summary>What holds for all expressions and all customers.</summary>
public sealed class ExpressionPropertyTests
{
    private static readonly string[] Words =
    [
        "and", "or", "not", "in", "is", "set", "missing", "contains", "within", "true", "(", ")", "[", "]", ",", ".", "==", "<", "+", "-", "*", "/", "\"", "\"a\"", "3",
        "0.5", "30d", "10 EUR", "2026-01-01", "traits", "traits.x", "orders.count", "revenue.EUR.net", "last_seen", "coalesce(", "length(", "\n", "\\", "é", "\ud800", "😀", "\0", "=",
    ];

    [Fact]
    public void The_compiled_form_agrees_with_a_naive_interpreter()
    {
        var seen = new Dictionary<string, int>();
        ForAll(2_000, (expression, events) =>
        {
            var state = Folding.Canonical(events);
            object? expected = expression.Value(Rendered(state));
            Assert.True(Equals(expected, Asking.Ask(expression.Text, state)), $"{expression.Text} is {expected ?? "missing"} by the naive interpreter");
            string outcome = $"{expected}";
            seen[outcome] = seen.GetValueOrDefault(outcome) + 1;
        });

        // All outcomes are common, so that none goes unproved.
        Assert.Equal(["", "False", "True"], seen.Keys.Order(StringComparer.Ordinal));
        Assert.All(seen.Values, count => Assert.InRange(count, 100, 1_600));
    }

    [Fact]
    public void The_canonical_text_compiles_to_itself_and_means_the_same() => ForAll(1_000, (expression, events) =>
    {
        var compiled = Asking.Compile(expression.Text);
        var again = Asking.Compile(compiled.Text);
        Assert.Equal(compiled.Text, again.Text);
        Assert.True(compiled.Facets.SetEquals(again.Facets));
        var subject = Asking.About(Folding.Canonical(events));
        Assert.Equal(compiled.Evaluate(subject), again.Evaluate(subject));
        Assert.Equal(compiled.Evaluate(subject)?.ToString() ?? "missing", compiled.Explain(subject).Value.ToString(), ignoreCase: true);
    });

    [Fact]
    public void An_event_changes_only_expressions_that_the_index_names() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150).WithQuietOnSuccess(true),
        Prop.ForAll(NaiveExpression.Condition.ArrayOf(20).ToArbitrary(), RandomEvents.Narrow, (conditions, events) =>
            AssertIndexed([.. conditions.Select(condition => Asking.Compile(condition.Text))], events)));

    [Fact]
    public void An_event_that_overflows_a_map_changes_only_expressions_that_the_index_names() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3).WithQuietOnSuccess(true),
        Prop.ForAll(RandomEvents.Wide, events => AssertIndexed(
            [
                .. Enumerable.Range(0, 60).SelectMany(i => new[]
                {
                    $"events[\"type {i}\"].count > 0", $"channels[\"channel {i}\"].count > 1", $"identifiers.namespace_{i}", $"products[\"product {i}\"].views > 0", $"traits[\"trait {i}\"] is set",
                    $"interests[\"category {i}\"].share > 0.01", $"orders[\"{(char)('A' + (i % 26))}AQ\"].count > 0",
                }).Select(text => Asking.Compile(text)),
            ], events)));

    [Fact]
    public void No_text_makes_the_compiler_throw()
    {
        var random = new System.Random(7);
        int compiled = 0;
        for (int i = 0; i < 100_000; i++)
        {
            string text = i % 3 == 0 ? Noise(random) : string.Join(random.Next(4) == 0 ? string.Empty : " ", random.GetItems(Words, random.Next(1, 14)));
            var expression = CompiledExpression.Compile(text, (ExpressionUse)(i % 2), out var errors);
            Assert.Equal(expression is null, errors.Count > 0);
            Assert.All(errors, error => Assert.NotEmpty(error.ToString()));
            compiled += expression is null ? 0 : 1;
            expression?.Evaluate(Asking.About(Asking.Anna));
        }

        // Otherwise the words would prove nothing.
        Assert.InRange(compiled, 50, 50_000);
    }

    [Fact]
    public void Evaluation_allocates_nothing()
    {
        string[] conditions =
        [
            .. FieldCatalog.Fields.Select(field => $"{field.Name.TrimEnd('…').Replace("<CUR>", "EUR", StringComparison.Ordinal).Replace("<name>", "age", StringComparison.Ordinal)
                .Replace("<type>", "identify", StringComparison.Ordinal).Replace("<channel>", "web", StringComparison.Ordinal).Replace("<id>", "WM", StringComparison.Ordinal)
                .Replace("<category>", "washing", StringComparison.Ordinal).Replace("<namespace>", "user_id", StringComparison.Ordinal)} is set"),
            "traits.country == \"DE\" and orders.count >= 3 and traits.plan in [\"a\", \"gold\"]",
            "traits.hobbies contains \"golf\" and traits.points + 1.5 > 2 and traits.discount * 3 < 1 or traits.ratio / 3 > 1",
            "revenue.EUR.net / 3 * 2 > 10 EUR and last_seen + 1d > now and now - first_seen < 52w and last_seen within 30d",
            "coalesce(traits.unknown, traits.address.city, \"x\") starts_with \"Ki\" and not (length(traits.country) != 2) and -traits.age < 0",
        ];
        var compiled = conditions.Select(text => Asking.Compile(text)).ToArray();
        var subject = Asking.About(Asking.Anna);
        foreach (var condition in compiled)
        {
            for (int i = 0; i < 3; i++)
                condition.Evaluate(subject);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
                condition.Evaluate(subject);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before == 0, condition.Text);
        }
    }

    private static void AssertIndexed(CompiledExpression[] expressions, Occurrence[] events)
    {
        var index = new DependencyIndex(expressions);
        var state = new ProfileState();
        bool?[] before = [.. expressions.Select(expression => expression.Evaluate(Asking.About(state)))];
        foreach (var e in events.Order(Occurrence.Canonical))
        {
            Assert.True(ProfileFold.TryAbsorb(state, e, Folding.Definitions));
            var touched = new ExpressionBits(new ulong[ExpressionBits.WordsFor(expressions.Length)]);
            index.Collect(e, state, Folding.Definitions, touched);
            for (int i = 0; i < expressions.Length; i++)
            {
                bool? now = expressions[i].Evaluate(Asking.About(state));
                Assert.True(now == before[i] || touched.Contains(i), expressions[i].Text);
                before[i] = now;
            }
        }
    }

    private static void ForAll(int times, Action<NaiveExpression, Occurrence[]> property) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(times).WithQuietOnSuccess(true),
        Prop.ForAll(NaiveExpression.Condition.ToArbitrary(), RandomEvents.Narrow, property));

    private static Profile Rendered(ProfileState state) => ProfileView.Render(
        state, Folding.Definitions.View(TenantDefaults.ServicePurpose, ["traits.*", "activity", "monetary", "sessions", "interests", "products"]),
        Folding.Definitions, "c", 1, ValueStatus.Ok, Asking.Now);

    private static string Noise(System.Random random)
    {
        var text = new char[random.Next(0, 40)];
        for (int i = 0; i < text.Length; i++)
            text[i] = (char)(random.Next(3) == 0 ? random.Next(0, 0x10000) : random.Next(32, 127));
        return new string(text);
    }
}
