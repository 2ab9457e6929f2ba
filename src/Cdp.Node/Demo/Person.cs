namespace Cdp.Node.Demo;

/// <summary>Identifiers of one person, strongest first.</summary>
[Flags]
internal enum Ids
{
    None = 0,
    UserId = 1 << 0,
    LoyaltyCard = 1 << 1,
    Email = 1 << 2,
    Phone = 1 << 3,
    App = 1 << 4,
    Cookie1 = 1 << 5,
    Cookie2 = 1 << 6,
    Cookie3 = 1 << 7,

    /// <summary>A device that is not theirs alone.</summary>
    Shared = 1 << 8,
}

/// <summary>How a person deals with the shop.</summary>
internal enum Habit
{
    /// <summary>Signs in once at the kiosk in the store, otherwise at home.</summary>
    Kiosk,

    /// <summary>Two people with an account each, who share a tablet and sign in on it.</summary>
    Family,

    /// <summary>Two people without accounts, who share a tablet: nothing tells them apart.</summary>
    Couple,

    /// <summary>Has an account and several devices.</summary>
    Member,

    /// <summary>Shows a loyalty card in the store.</summary>
    WalkIn,

    /// <summary>Looks around without an account.</summary>
    Visitor,
}

/// <summary>One person of the crowd.</summary>
/// <param name="Habit">How the person deals with the shop.</param>
/// <param name="Owns">What the person can be recognised by.</param>
/// <param name="SharedDevice">Number of the shared device; -1: none.</param>
/// <param name="Currency">What the person pays with.</param>
internal readonly record struct Person(Habit Habit, Ids Owns, int SharedDevice, Currency Currency);

/// <summary>A currency of the demo; the names are ISO 4217 codes.</summary>
internal enum Currency : byte
{
    Eur,
    Chf,
}
