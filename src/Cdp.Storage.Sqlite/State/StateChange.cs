namespace Cdp.Storage.Sqlite.State;

/// <summary>What a change does. The numbers stand in the journal.</summary>
internal enum ChangeKind : byte
{
    /// <summary>Kind, key, tag, value.</summary>
    PutState = 1,

    /// <summary>Kind, key.</summary>
    ClearState = 2,

    /// <summary>Key, first entry, count, slice.</summary>
    AppendHistory = 3,

    /// <summary>Key.</summary>
    DeleteHistory = 4,

    /// <summary>Tenant, customer.</summary>
    AddCustomer = 5,

    /// <summary>Tenant, customer.</summary>
    RemoveCustomer = 6,
}

/// <summary>One change as it was decided: whoever applies it checks nothing any more.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Within">Kind of the state, key of the history or tenant.</param>
/// <param name="Key">Key of the state or customer; empty for histories.</param>
/// <param name="Number">Tag of the state or first entry of the slice.</param>
/// <param name="Count">Entries of the slice.</param>
/// <param name="Value">Place of the value.</param>
internal readonly record struct StateChange(ChangeKind Kind, string Within, string Key, long Number, int Count, Slice Value);
