namespace Cdp.Node.Demo;

/// <summary>How much the demo's crowd does.</summary>
/// <param name="People">People in the crowd, at least <see cref="FewestPeople"/>.</param>
/// <param name="Events">Different valid events, at least <see cref="FewestEventsPerPerson"/> times as many.</param>
internal sealed record DemoScale(int People, int Events)
{
    public const int FewestPeople = 100;

    // What links one person's identifiers, and something to do beyond that.
    public const int FewestEventsPerPerson = 10;

    private const int MostInOneBatch = 500;

    public static DemoScale Full { get; } = new(20_000, 200_000);

    /// <summary>People who sign in at the one kiosk.</summary>
    public int KioskLogins => Math.Min(300, People / 5);

    /// <summary>Events that nobody should take in.</summary>
    public int Malformed => Math.Min(500, Events / 40);

    /// <summary>Events that are sent a second time.</summary>
    public int SentTwice => Events / 10;

    /// <summary>Events in one batch.</summary>
    public int BatchSize => Math.Clamp(Events / 100, 10, MostInOneBatch);
}
