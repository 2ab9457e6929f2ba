namespace Cdp.Node.Demo;

/// <summary>How many of the same visits accepted what each policy chose for them.</summary>
/// <param name="Random">Any action, whatever is known.</param>
/// <param name="Learned">What the placement chose.</param>
/// <param name="Best">The action that the ledger says is best.</param>
internal readonly record struct Acceptance(int Random, int Learned, int Best)
{
    /// <summary>Of the way from random to the best possible, the part that the placement covers.</summary>
    public double Way => (double)(Learned - Random) / (Best - Random);

    public static Acceptance operator +(Acceptance left, Acceptance right) => new(left.Random + right.Random, left.Learned + right.Learned, left.Best + right.Best);
}
