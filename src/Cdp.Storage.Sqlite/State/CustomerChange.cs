namespace Cdp.Storage.Sqlite.State;

/// <summary>The last thing that happened to an id of the customer index.</summary>
/// <param name="Customer">The id.</param>
/// <param name="Added">Whether it was added, or removed.</param>
internal readonly record struct CustomerChange(string Customer, bool Added)
{
    /// <summary>By id alone, in the database's order.</summary>
    public static readonly IComparer<CustomerChange> ById = Comparer<CustomerChange>.Create((a, b) => Utf8Order.Instance.Compare(a.Customer, b.Customer));
}
