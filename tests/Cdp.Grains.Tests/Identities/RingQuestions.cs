using Cdp.Domain.Tests.Identity;
using Cdp.Grains.V1;
using Cdp.State.V1;

namespace Cdp.Grains.Tests.Identities;

/// <summary>What 16 writers ask who walk overlapping rings of identifiers, each from another place.</summary>
internal static class RingQuestions
{
    public const int Writers = 16;
    private const int Length = 24;
    private const int Rings = 6;

    /// <summary>Question i belongs to writer i modulo <see cref="Writers"/>.</summary>
    public static List<IdentityQuestion> Make()
    {
        var questions = new List<IdentityQuestion>();
        for (var i = 0; i < Length; i++)
        {
            for (var writer = 0; writer < Writers; writer++)
            {
                var (ring, place) = (writer % Rings, writer * 5 + i);
                questions.Add(IdentityWorld.Question(Node(ring, place % Length), Node(ring, (place + 1) % Length)));
            }
        }

        // Two rings touch once.
        questions.Add(IdentityWorld.Question(Node(0, 0), Node(1, 0)));
        return questions;
    }

    /// <summary>The groups that must come out, each as sorted text, sorted.</summary>
    public static List<string> Components(IEnumerable<IdentityQuestion> questions)
    {
        var oracle = new UnionFind();
        foreach (var question in questions) oracle.Union(question.Identifiers.Select(i => i.Key));
        return oracle.Groups();
    }

    /// <summary>The groups that did come out.</summary>
    public static async Task<List<string>> GroupsAsync(IEnumerable<IdentityQuestion> questions, Func<IdentityQuestion, Task<IdentityAnswer>> ask)
    {
        var customers = new Dictionary<string, string>();
        foreach (var identifier in questions.SelectMany(q => q.Identifiers).DistinctBy(i => i.Key))
        {
            customers[identifier.Key] = (await ask(IdentityWorld.Question(identifier))).Customer;
        }

        return [.. customers.GroupBy(c => c.Value)
            .Select(g => string.Join(' ', g.Select(c => c.Key).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];
    }

    private static IdentifierValue Node(int ring, int place) => IdentityWorld.Id("device", $"r{ring}-{place}");
}
