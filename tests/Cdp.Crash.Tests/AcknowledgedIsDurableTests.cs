using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Cdp.CrashKit;
using Cdp.V1;

namespace Cdp.Crash.Tests;

/// <summary>Invariant 1: on the server itself, a flush to disk lies between the write of events and their acknowledgement.</summary>
public sealed class AcknowledgedIsDurableTests
{
    private const string LogFile = "log.db-wal";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_batch_is_flushed_before_its_acknowledgement_is_sent()
    {
        using var directory = new TemporaryDirectory();
        var recording = directory["recording"];
        var acknowledged = new List<(string Content, string Token)>();
        await using (var child = StartTraced(directory["data"], recording))
        {
            var address = await child.Address.WaitAsync(Token);
            if (address is null && child.Output.Contains("ptrace", StringComparison.OrdinalIgnoreCase)) Assert.Skip("strace may not trace here: " + child.Output);
            Assert.True(address is not null, child.Output);
            using var client = CdpProcess.Connect(address);
            for (var i = 0; i < 20; i++)
            {
                var content = string.Create(CultureInfo.InvariantCulture, $"content-of-batch-{i:D4}-");
                var made = new Event { Id = $"e{i}", Kind = EventKind.Track, Type = "Seen", Source = "crash", Identifiers = { new Identifier { Namespace = "user_id", Value = $"u{i % 3}" } } };

                // Twice, since one may lie across the edge of a page.
                for (var copy = 0; copy < 2; copy++) made.Properties[$"p{copy}"] = new Value { StringValue = content };
                var response = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
                acknowledged.Add((content, response.Token));
            }

            // The tracer ends by itself, with all that it recorded, when the server does.
            await TerminateAsync(recording);
            await child.WaitAsync(Token);
        }

        var lines = await File.ReadAllLinesAsync(recording, Token);
        Assert.All(acknowledged, a => Assert.Null(CallTrace.Fault(lines, LogFile, a.Content, a.Token)));
    }

    [Theory]
    [InlineData("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        8 sendmsg(9<socket:[1]>, "the token") = 9
        7 fdatasync(5</d/log.db-wal>) = 0
        """)]
    [InlineData("""
        7 fdatasync(5</d/log.db-wal> <unfinished ...>
        9 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 <... fdatasync resumed>) = 0
        8 sendmsg(9<socket:[1]>, "the token") = 9
        """)]
    [InlineData("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 fdatasync(5</d/state.db-wal>) = 0
        8 sendmsg(9<socket:[1]>, "the token") = 9
        """)]
    [InlineData("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 fdatasync(5</d/log.db-wal> <unfinished ...>
        8 sendmsg(9<socket:[1]>, "the token") = 9
        7 <... fdatasync resumed>) = 0
        """)]
    [InlineData("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 fdatasync(5</d/log.db-wal>) = -1 EIO (Input/output error)
        8 sendmsg(9<socket:[1]>, "the token") = 9
        """)]
    [InlineData("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 fdatasync(5</d/log.db-wal>) = 0
        7 pwrite64(5</d/log.db-wal>, "their commit", 12, 0) = 12
        8 sendmsg(9<socket:[1]>, "the token") = 9
        """)]
    [InlineData("""
        8 sendmsg(9<socket:[1]>, "the token") = 9
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        """)]
    public void A_recording_without_the_flush_is_told(string recording) => Assert.NotNull(Read(recording));

    [Fact]
    public void A_recording_with_the_flush_is_accepted() => Assert.Null(Read("""
        7 pwrite64(5</d/log.db-wal>, "the events", 10, 0) = 10
        7 fdatasync(5</d/log.db-wal> <unfinished ...>
        9 pwrite64(6</d/state.db-wal>, "other", 10, 0) = 10
        7 <... fdatasync resumed>) = 0
        8 sendmsg(9<socket:[1]>, "the token") = 9
        """));

    private static string? Read(string recording) => CallTrace.Fault([.. recording.Split('\n').Select(l => l.Trim())], LogFile, "the events", "the token");

    private static CdpProcess StartTraced(string data, string recording)
    {
        try
        {
            return CdpProcess.Serve(
                data, tracer: ["strace", "-f", "--seccomp-bpf", "-y", "-s", "16384", "-e", "trace=fsync,fdatasync,write,pwrite64,pwritev,writev,sendmsg,sendto", "-o", recording]);
        }
        catch (Win32Exception)
        {
            Assert.Skip("strace, which records system calls, is not installed.");
            throw;
        }
    }

    /// <summary>Asks the traced server, whose process number the recording begins with, to stop.</summary>
    private static async Task TerminateAsync(string recording)
    {
        using var reader = new StreamReader(new FileStream(recording, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var pid = (await reader.ReadLineAsync(Token))!.Split(' ')[0];
        using var kill = Process.Start("kill", ["-TERM", pid]);
        await kill.WaitForExitAsync(Token);
        Assert.Equal(0, kill.ExitCode);
    }
}
