namespace Cdp.Node.Import;

/// <summary>Finds what somebody probably meant to write.</summary>
public static class NearestName
{
    /// <summary>Returns the candidate with the smallest edit distance to a word, if it is near enough to be a slip; else null.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        var folded = Fold(word);
        foreach (var candidate in candidates)
        {
            var distance = Distance(folded, Fold(candidate));
            if (distance < bestDistance)
                (best, bestDistance) = (candidate, distance);
        }

        return best is not null && bestDistance <= Math.Max(1, Math.Max(word.Length, best.Length) / 3) ? best : null;
    }

    /// <summary>Returns " Did you mean "x"?" or a list of what is valid, for the end of an error message.</summary>
    public static string Hint(string word, IReadOnlyCollection<string> candidates)
    {
        var near = Find(word, candidates);
        return near is not null ? $"Did you mean \"{near}\"?" : $"Known are: {string.Join(", ", candidates)}.";
    }

    // Case, "_", "-" and spaces are what people mix up most; they count as no difference.
    private static string Fold(string word) =>
        new([.. word.Where(c => c is not ('_' or '-' or ' ')).Select(char.ToUpperInvariant)]);

    private static int Distance(string a, string b)
    {
        var previous = new int[b.Length + 1];
        var current = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
