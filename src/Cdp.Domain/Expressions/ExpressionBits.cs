using System.Numerics;

namespace Cdp.Domain.Expressions;

/// <summary>Some of a list of expressions: a bit for each, in memory that the caller has, so that marking them allocates nothing.</summary>
/// <param name="words">At least <see cref="WordsFor"/> words; zero where nothing is marked.</param>
public readonly ref struct ExpressionBits(Span<ulong> words)
{
    private readonly Span<ulong> _words = words;

    /// <summary>Number of words for a list of expressions.</summary>
    public static int WordsFor(int expressions) => (expressions + 63) / 64;

    /// <summary>Marks one.</summary>
    public void Add(int expression) => _words[expression / 64] |= 1UL << (expression % 64);

    /// <summary>Tells whether one is marked.</summary>
    public bool Contains(int expression) => (_words[expression / 64] & (1UL << (expression % 64))) != 0;

    /// <summary>The first marked one from a place on; -1 where there is none.</summary>
    public int Next(int from)
    {
        for (int word = from / 64; word < _words.Length; word++)
        {
            ulong bits = _words[word];
            if (word == from / 64)
                bits &= ulong.MaxValue << (from % 64);
            if (bits != 0)
                return (word * 64) + BitOperations.TrailingZeroCount(bits);
        }

        return -1;
    }
}
