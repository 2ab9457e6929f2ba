namespace Cdp.Node.Demo;

/// <summary>Where something happened.</summary>
internal enum Channel : byte
{
    Web,
    App,
    Store,
    Phone,
    Email,
    Chat,

    /// <summary>One that nobody ever configured anywhere.</summary>
    SmartMirror,
}

/// <summary>What happened.</summary>
internal enum Deed : byte
{
    SignedIn,
    ReceiptSent,
    LookedAt,
    PutInCart,
    Bought,
    GaveBack,
    OpenedPage,
    Called,
    OpenedMail,
    Chatted,
    TriedOn,
}

/// <summary>The essence of one event, small enough to hold all of them; <see cref="EventFactory"/> makes the event of it.</summary>
/// <param name="Person">Index of the person.</param>
/// <param name="Ordinal">Number among the person's events.</param>
/// <param name="Deed">What happened.</param>
/// <param name="Channel">Where.</param>
/// <param name="Carries">The identifiers that it shows.</param>
/// <param name="Category">Index of a product category.</param>
/// <param name="Items">Number of products, 1 to 3; 0 for what has none.</param>
/// <param name="UnitCents">Price of its first product.</param>
/// <param name="MinutesAgo">Minutes before the demo's day.</param>
internal readonly record struct DemoEvent(
    int Person, int Ordinal, Deed Deed, Channel Channel, Ids Carries, byte Category, byte Items, int UnitCents, int MinutesAgo)
{
    private const int PriceStepCents = 55;

    /// <summary>Σ quantity × price in cents.</summary>
    public long AmountCents
    {
        get
        {
            long sum = 0;
            for (var i = 0; i < Items; i++) sum += Quantity(i) * (long)PriceCents(i);
            return sum;
        }
    }

    /// <summary>Price of a product in cents.</summary>
    public int PriceCents(int item) => UnitCents + (PriceStepCents * item);

    /// <summary>How many of a product.</summary>
    public static int Quantity(int item) => 1 + (item % 2);
}
