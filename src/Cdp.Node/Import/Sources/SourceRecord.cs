namespace Cdp.Node.Import.Sources;

/// <summary>One record of a file: a CSV row (which may span lines) or a line of JSON.</summary>
/// <param name="Line">Number of its first line in the file, from 1.</param>
/// <param name="Text">The record as it stands in the file, without its line end.</param>
/// <param name="Cells">Its cells, in the order of the source's columns; empty when it could not be read.</param>
/// <param name="Hash">XxHash128 of its content.</param>
/// <param name="Problem">Why it could not be read, or null.</param>
public sealed record SourceRecord(long Line, string Text, string[] Cells, UInt128 Hash, Rejection? Problem);
