using System.Text.RegularExpressions;

namespace Cdp.Crash.Tests;

/// <summary>
/// Reads a recording of a server's system calls (strace -f -y): between the write of events into the log's write-ahead
/// file and the sending of their acknowledgement, the file must have been flushed.
/// </summary>
internal static partial class CallTrace
{
    /// <summary>What is wrong with one acknowledgement; null: nothing.</summary>
    /// <param name="lines">The recording.</param>
    /// <param name="file">End of the path of the file.</param>
    /// <param name="content">Text that only the events hold.</param>
    /// <param name="acknowledgement">Text that only their acknowledgement holds.</param>
    public static string? Fault(IReadOnlyList<string> lines, string file, string content, string acknowledgement)
    {
        var sent = Find(lines, line => Send().IsMatch(line) && line.Contains(acknowledgement, StringComparison.Ordinal));
        if (sent < 0) return "The acknowledgement is not in the recording.";
        var held = Find(lines, line => IsWrite(line, file) && line.Contains(content, StringComparison.Ordinal));
        if (held < 0 || held > sent) return "The events were not written before the acknowledgement.";
        var written = sent;
        while (!IsWrite(lines[written], file)) written--;
        return Enumerable.Range(written + 1, sent - written - 1).Any(begun => EndsBefore(lines, begun, file, sent))
            ? null
            : $"No flush between\n{Short(lines[written])}\nand\n{Short(lines[sent])}";
    }

    /// <summary>Whether a flush of the file begins at a line and succeeds before another.</summary>
    private static bool EndsBefore(IReadOnlyList<string> lines, int begun, string file, int before)
    {
        if (Flush().Match(lines[begun]) is not { Success: true } flush || !flush.Groups["path"].Value.EndsWith(file, StringComparison.Ordinal)) return false;
        if (!lines[begun].Contains("<unfinished", StringComparison.Ordinal)) return lines[begun].EndsWith("= 0", StringComparison.Ordinal);
        for (var i = begun + 1; i < before; i++)
        {
            if (Resumed().Match(lines[i]) is { Success: true } resumed && resumed.Groups["thread"].Value == flush.Groups["thread"].Value)
                return lines[i].EndsWith("= 0", StringComparison.Ordinal);
        }

        return false;
    }

    private static bool IsWrite(string line, string file) =>
        Write().Match(line) is { Success: true } write && write.Groups["path"].Value.EndsWith(file, StringComparison.Ordinal);

    private static int Find(IReadOnlyList<string> lines, Func<string, bool> wanted)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (wanted(lines[i])) return i;
        }

        return -1;
    }

    private static string Short(string line) => line.Length < 120 ? line : line[..120];

    [GeneratedRegex(@"^\d+ +(write|pwrite64|pwritev)\(\d+<(?<path>[^>]*)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Write();

    [GeneratedRegex(@"^\d+ +(sendmsg|sendto|write|writev)\(\d+<(socket|TCP)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Send();

    [GeneratedRegex(@"^(?<thread>\d+) +(fsync|fdatasync)\(\d+<(?<path>[^>]*)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Flush();

    [GeneratedRegex(@"^(?<thread>\d+) +<\.\.\. (fsync|fdatasync) resumed>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Resumed();
}
