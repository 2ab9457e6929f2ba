namespace Cdp.Storage.Sqlite.State;

/// <summary>A place in an <see cref="Arena"/>.</summary>
internal readonly record struct Slice(int Chunk, int Offset, int Length);
