namespace Cdp.Domain.Profiles;

/// <summary>
/// What a profile holds at most, so that its state stays within <see cref="MaxBytes"/>. Documented in docs/limits.md; a
/// change is a new version of the fold.
/// </summary>
public static class ProfileLimits
{
    /// <summary>Bytes of a customer's state.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <summary>Newest events.</summary>
    public const int RecentEvents = 100;

    /// <summary>Event types with counts of their own.</summary>
    public const int Types = 256;

    /// <summary>Currencies with a sum of their own, for each type.</summary>
    public const int CurrenciesOfType = 4;

    /// <summary>Currencies with a sum of their own.</summary>
    public const int Currencies = 16;

    /// <summary>Channels with counts of their own.</summary>
    public const int Channels = 64;

    /// <summary>Namespaces in which identifiers were seen.</summary>
    public const int Namespaces = 64;

    /// <summary>Categories with an interest score.</summary>
    public const int Categories = 256;

    /// <summary>Half-lives for which an event is part of an interest score.</summary>
    public const int InterestEpochs = 16;

    /// <summary>Products with an affinity.</summary>
    public const int Products = 512;

    /// <summary>Ordered products up to which their number is exact.</summary>
    public const int OrderedProducts = 4_096;

    /// <summary>Newest orders whose further events are known as such.</summary>
    public const int Orders = 1_024;

    /// <summary>Newest sessions with their times.</summary>
    public const int Sessions = 64;

    /// <summary>Purposes and channels whose latest act of consent is held.</summary>
    public const int Consents = 64;

    /// <summary>Sum of the weights of all traits (see docs/limits.md), in bytes.</summary>
    public const int TraitWeight = 124 * 1024;

    /// <summary>Products that a read returns.</summary>
    public const int TopProducts = 100;

    // Bytes of a name that is a key of a map above; longer ones are shortened (see NameHash).
    internal const int TypeBytes = 128;
    internal const int ChannelBytes = 192;
    internal const int CategoryBytes = 64;
    internal const int ProductBytes = 64;
}
