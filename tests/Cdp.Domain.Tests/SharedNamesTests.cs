using Cdp.Domain.Profiles;
using Cdp.Domain.Tests.Profiles;
using Cdp.State.V1;
using Cdp.V1;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace Cdp.Domain.Tests;

/// <summary>What customers have in common is held once; nothing is changed by it.</summary>
public sealed class SharedNamesTests
{
    [Fact]
    public void Names_that_come_again_and_again_are_one_instance()
    {
        var shared = 0;
        foreach (var name in Enumerable.Range(0, 200).Select(i => $"a-name-of-these-tests-{i}"))
        {
            SharedNames.Of(Fresh(name));
            var second = SharedNames.Of(Fresh(name));
            if (ReferenceEquals(second, SharedNames.Of(Fresh(name))) && ReferenceEquals(second, SharedNames.Of(name.AsSpan()))) shared++;
        }

        // A slot may have been taken by what another test shares beside this one.
        Assert.InRange(shared, 190, 200);
    }

    [Fact]
    public void Texts_that_come_again_and_again_are_one_value_and_other_values_stay()
    {
        var shared = 0;
        foreach (var text in Enumerable.Range(0, 200).Select(i => $"a-text-of-these-tests-{i}"))
        {
            SharedNames.Of(new Value { StringValue = text });
            var second = SharedNames.Of(new Value { StringValue = text });
            Assert.Equal(text, second.StringValue);
            if (ReferenceEquals(second, SharedNames.Of(new Value { StringValue = text }))) shared++;
        }

        Assert.InRange(shared, 190, 200);
        foreach (var other in new[] { new Value { DecimalValue = "1.5" }, new Value { IntValue = 3 }, new Value(), new Value { StringValue = "" } })
        {
            for (var i = 0; i < 3; i++) Assert.Same(other, SharedNames.Of(other));
        }
    }

    [Fact]
    public void What_is_unique_is_not_held()
    {
        var kept = Keep();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.DoesNotContain(kept, name => name.IsAlive);

        static WeakReference[] Keep() => [.. Enumerable.Range(0, 1_000).Select(i => new WeakReference(SharedNames.Of(Fresh($"unique-{i}-{Guid.NewGuid()}"))))];
    }

    [Fact]
    public void Sharing_changes_no_value() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            text ??= "";
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(text, SharedNames.Of(Fresh(text)));
                Assert.Equal(text, SharedNames.Of(text.AsSpan()));
            }
        }));

    [Fact]
    public async Task Many_threads_get_what_they_ask_for()
    {
        var asked = await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            var wrong = 0;
            for (var i = 0; i < 50_000; i++)
            {
                var name = $"shared-{i * (seed + 1) % 3_000}";
                if (SharedNames.Of(Fresh(name)) != name) wrong++;
            }

            return wrong;
        })));
        Assert.All(asked, wrong => Assert.Equal(0, wrong));
    }

    [Fact]
    public void Sharing_leaves_a_profile_as_it_is() =>
        Folding.ForAll(RandomEvents.Wide, 10, (events, _) =>
        {
            var bytes = Folding.Canonical(events).ToByteArray();
            var read = ProfileState.Parser.ParseFrom(bytes);
            ProfileNames.Share(read);
            Assert.Equal(bytes, read.ToByteArray());
        });

    private static string Fresh(string text) => new(text.AsSpan());
}
