using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.State.V1;

namespace Cdp.Domain.Expressions;

/// <summary>Readers of orders, revenue and products.</summary>
internal static class TradeFieldReaders
{
    public static Operand Orders(in Subject subject) => CountOf(subject.Profile, static entry => entry.Orders);

    public static Operand Refunds(in Subject subject) => CountOf(subject.Profile, static entry => entry.Refunds);

    public static Operand FirstOrder(in Subject subject)
    {
        long? first = null;
        var entries = subject.Profile.Monetary;
        for (int i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.HasFirstOrder && !(first <= entry.FirstOrder))
                first = entry.FirstOrder;
        }

        return first is { } at ? Operand.Moment(at) : default;
    }

    public static Operand LastOrder(in Subject subject)
    {
        long? last = null;
        var entries = subject.Profile.Monetary;
        for (int i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.HasLastOrder && !(last >= entry.LastOrder))
                last = entry.LastOrder;
        }

        return last is { } at ? Operand.Moment(at) : default;
    }

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

    public static FieldReader ProductQuantity(string[] names) => OfProduct(names[0], static entry => Operand.Number(ProductFold.Quantity(entry)));

    /// <summary>When the product was last viewed or ordered; missing where it never was.</summary>
    public static FieldReader ProductLast(string[] names)
    {
        var read = OfProduct(names[0], static entry => Operand.Moment(entry.LastAt));
        return (in Subject subject) => read(subject) is { Kind: ValueKind.Timestamp } at ? at : default;
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

    private static FieldReader OfProduct(string productId, Func<ProductState, Operand> read)
    {
        string id = NameHash.Shortened(productId, ProfileLimits.ProductBytes);
        ulong hash = NameHash.Of(id);
        return (in Subject subject) => HashedMap<ProductState, ProductEntry>.Get(subject.Profile.Products, hash, id) is { } product
            ? read(product)
            : ProfileFieldReaders.NoneOr(!subject.Profile.MoreProducts);
    }
}
