namespace Cdp.Node.Import;

/// <summary>The result of an import that reached the end of its file.</summary>
/// <param name="Counters">What became of the lines, those of earlier interrupted runs included.</param>
/// <param name="ResumedAtLine">Lines that earlier runs had accounted for; 0 when this run did all.</param>
/// <param name="RejectsPath">File with the rejected lines; null without any.</param>
/// <param name="Token">Pass it as <c>after_token</c> to read what the last batch did; empty when nothing was published.</param>
/// <param name="Elapsed">Duration of this run.</param>
public sealed record ImportSummary(ImportCounters Counters, long ResumedAtLine, string? RejectsPath, string Token, TimeSpan Elapsed);
