using System.Text.RegularExpressions;

namespace Cdp.Storage.Sqlite.Tests;

/// <summary>
/// Reads a recording of system calls (strace -f -y): before every acknowledgement, what was written to the write-ahead
/// log must have been flushed.
/// </summary>
internal sealed partial class FlushTrace
{
    private FlushTrace(int acknowledgements, int writes, int flushes, IReadOnlyList<string> unflushed) =>
        (Acknowledgements, Writes, Flushes, Unflushed) = (acknowledgements, writes, flushes, unflushed);

    public int Acknowledgements { get; }

    public int Writes { get; }

    public int Flushes { get; }

    /// <summary>Acknowledgements that came before the flush.</summary>
    public IReadOnlyList<string> Unflushed { get; }

    /// <param name="lines">The recording.</param>
    /// <param name="file">End of the path of the write-ahead log.</param>
    /// <param name="acknowledgement">How an acknowledgement begins.</param>
    public static FlushTrace Read(IEnumerable<string> lines, string file, string acknowledgement)
    {
        int acknowledgements = 0, writes = 0, flushes = 0, flushed = 0;
        var unflushed = new List<string>();
        var running = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (Call().Match(line) is { Success: true } call)
            {
                var ours = call.Groups["path"].Value.EndsWith(file, StringComparison.Ordinal);
                var isFlush = call.Groups["name"].Value is "fsync" or "fdatasync";
                if (!isFlush && line.Contains($"\"{acknowledgement} ", StringComparison.Ordinal))
                {
                    acknowledgements++;
                    if (flushed < writes) unflushed.Add(line);
                }
                else if (ours && !isFlush)
                {
                    writes++;
                }
                else if (ours && line.Contains("<unfinished", StringComparison.Ordinal))
                {
                    // It flushes what was written before it began.
                    running[call.Groups["thread"].Value] = writes;
                }
                else if (ours && line.EndsWith("= 0", StringComparison.Ordinal))
                {
                    flushes++;
                    flushed = writes;
                }
            }
            else if (Resumed().Match(line) is { Success: true } resumed && running.Remove(resumed.Groups["thread"].Value, out var covered))
            {
                flushes++;
                flushed = Math.Max(flushed, covered);
            }
        }

        return new FlushTrace(acknowledgements, writes, flushes, unflushed);
    }

    [GeneratedRegex(@"^(?:\[pid +)?(?<thread>\d*)\]? *(?<name>fsync|fdatasync|write|pwrite64|pwritev)\(\d+<(?<path>[^>]*)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Call();

    [GeneratedRegex(@"^(?:\[pid +)?(?<thread>\d*)\]? *<\.\.\. (fsync|fdatasync) resumed>\) += 0$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Resumed();
}
