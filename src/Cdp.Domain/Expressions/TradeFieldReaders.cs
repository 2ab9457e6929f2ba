using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Expressions;

/// <summary>Readers of orders, revenue and products.</summary>
internal static class TradeFieldReaders
{
    public static Operand Orders(in Subject subject) => CountOf(subject.Profile, static entry => entry.Orders);

    public static Operand Refunds(in Subject subject) => CountOf(subject.Profile, static entry => entry.Refunds);

    public static Operand FirstOrder(in Subject subject) =>
        Furthest(subject.Profile, static entry => entry.HasFirstOrder ? entry.FirstOrder : null, static (at, first) => at < first);

    public static Operand LastOrder(in Subject subject) =>
        Furthest(subject.Profile, static entry => entry.HasLastOrder ? entry.LastOrder : null, static (at, last) => at > last);

    public static FieldReader OrdersIn(string[] names) => CountIn(names[0], static entry => entry.Orders);

    public static FieldReader RefundsIn(string[] names) => CountIn(names[0], static entry => entry.Refunds);

    public static FieldReader Gross(string[] names) => AmountIn(names[0], MonetaryFold.Gross);

    public static FieldReader Refunded(string[] names) => AmountIn(names[0], MonetaryFold.Refunded);

    public static FieldReader Net(string[] names) => AmountIn(names[0], static entry => MonetaryFold.Gross(entry) - MonetaryFold.Refunded(entry));

    /// <summary>Gross revenue per order; missing without one.</summary>
    public static FieldReader Average(string[] names)
    {
        string currency = names[0];
        return (in Subject subject) => MonetaryFold.Find(subject.Profile, currency) is { Orders: > 0 } entry
            && Decimals.TryDivide(MonetaryFold.Gross(entry), entry.Orders * (Int128)Decimals.One, out var average)
                ? Operand.Money(average, currency)
                : default;
    }

    public static Operand ProductsOrdered(in Subject subject) => Operand.Integer(ProductFold.DistinctOrdered(subject.Profile));

    public static FieldReader ProductViews(string[] names) => OfProduct(names[0], static entry => Operand.Integer(entry.Views));

    public static FieldReader ProductOrders(string[] names) => OfProduct(names[0], static entry => Operand.Integer(entry.Orders));

    public static FieldReader ProductQuantity(string[] names) => OfProduct(names[0], static entry => Operand.Number(entry.Quantity));

    /// <summary>When the product was last viewed or ordered; missing where it never was.</summary>
    public static FieldReader ProductLast(string[] names)
    {
        var read = OfProduct(names[0], static entry => Operand.Moment(entry.LastAt));
        return (in Subject subject) => read(subject) is { Kind: ValueKind.Timestamp } at ? at : default;
    }

    private static Operand Furthest(ProfileState profile, Func<MonetaryState, long?> moment, Func<long, long, bool> isFurther)
    {
        long? furthest = null;
        for (int i = 0; i < profile.Monetary.Count; i++)
        {
            if (moment(profile.Monetary[i]) is { } at && (furthest is null || isFurther(at, furthest.Value)))
                furthest = at;
        }

        return furthest is { } found ? Operand.Moment(found) : default;
    }

    private static Operand CountOf(ProfileState profile, Func<MonetaryState, long> count)
    {
        if (!HoldsAll(profile))
            return default;
        long sum = 0;
        for (int i = 0; i < profile.Monetary.Count; i++)
            sum += count(profile.Monetary[i]);
        return Operand.Integer(sum);
    }

    private static FieldReader CountIn(string currency, Func<MonetaryState, long> count) => (in Subject subject) =>
        MonetaryFold.Find(subject.Profile, currency) is { } entry ? Operand.Integer(count(entry)) : ProfileFieldReaders.NoneOr(HoldsAll(subject.Profile));

    private static FieldReader AmountIn(string currency, Func<MonetaryState, Int128> amount) => (in Subject subject) =>
        MonetaryFold.Find(subject.Profile, currency) is { } entry
            ? Operand.Money(amount(entry), currency)
            : HoldsAll(subject.Profile) ? Operand.Money(0, currency) : default;

    private static bool HoldsAll(ProfileState profile) => profile.Monetary.Count < ProfileLimits.Currencies;

    private static FieldReader OfProduct(string productId, Func<ProductRow, Operand> read)
    {
        string id = NameHash.Shortened(productId, ProfileLimits.ProductBytes);
        ulong hash = NameHash.Of(id);
        return (in Subject subject) => ProductRows.Find(subject.Profile, hash, id) is { } product
            ? read(product)
            : ProfileFieldReaders.NoneOr(!subject.Profile.MoreProducts);
    }
}
