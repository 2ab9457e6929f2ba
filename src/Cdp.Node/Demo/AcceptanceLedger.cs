using Cdp.Domain.Learning;

namespace Cdp.Node.Demo;

/// <summary>The truth about what people accept: the rate of each action, and how every visit would have gone with each of them.</summary>
internal sealed class AcceptanceLedger
{
    // One that is clearly best, as a shop would find it among others that are nearly alike.
    private static readonly double[] Known = [0.36, 0.10, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04];

    private readonly double[] _rates = [.. Known];
    private readonly ulong _seed;

    /// <param name="seed">Decides which action has which rate, and how each visit goes.</param>
    public AcceptanceLedger(long seed)
    {
        _seed = (ulong)seed;
        new SplitMix(seed + 2).Shuffle(_rates.AsSpan());
        Best = Array.IndexOf(_rates, Known[0]);
    }

    /// <summary>Rate of each action.</summary>
    public IReadOnlyList<double> Rates => _rates;

    /// <summary>The action that is accepted most often.</summary>
    public int Best { get; }

    /// <summary>Whether an action is accepted at a visit: the same whoever asks, and whenever.</summary>
    public bool IsAccepted(int visit, int action)
    {
        var coin = new SeededRandom(_seed);
        coin = new SeededRandom(coin.Next() ^ ((ulong)visit << 8) ^ (uint)action);
        return coin.NextUniform() < _rates[action];
    }
}
