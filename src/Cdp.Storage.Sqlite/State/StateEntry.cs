namespace Cdp.Storage.Sqlite.State;

/// <summary>The last thing that happened to a state.</summary>
/// <param name="Tag">Its tag; 0: it was cleared.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct StateEntry(long Tag, Slice Value);
