namespace Cdp.Storage.Sqlite.State;

/// <summary>The place of a state.</summary>
internal readonly record struct StateKey(string Kind, string Key);
