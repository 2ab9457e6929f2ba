using Cdp.Node.Commands;
using Cdp.Node.Demo;

namespace Cdp.Node.Tests.Demo;

/// <summary>The demo end to end, on a real server process, with a small crowd.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task A_small_demo_proves_everything_and_leaves_nothing_behind()
    {
        using var output = new StringWriter();
        var options = new DemoOptions { Scale = new DemoScale(200, 2_000), Measuring = TimeSpan.Zero };

        var code = await new DemoRun(options, output, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        var text = output.ToString();
        Assert.True(code == ExitCode.Success, text);
        var proofs = text.Split('\n').Where(line => line.StartsWith("PROOF ", StringComparison.Ordinal)).ToList();
        Assert.All(proofs, line => Assert.Equal("ok", line.Split(' ')[2]));
        Assert.Equal(
            [
                "visitor-decision", "recognised", "evidence", "open-complaint", "purposes", "segment-entered", "kill-9", "receipt", "cap", "malformed", "customers", "events",
                "orders", "kiosk", "channels", "audiences", "backfill", "learning", "lookup", "read-your-writes",
            ],
            proofs.Select(line => line.Split(' ')[1]));
        Assert.Contains("40 logins on one device are 40 people", text, StringComparison.Ordinal);
        Assert.Contains("4 decisions replayed after the merge, the edits and the kill", text, StringComparison.Ordinal);
        Assert.Contains("free_delivery, which may be shown 3 times, was offered 3 times", text, StringComparison.Ordinal);
        Assert.Contains("2,000 counted, 0 lost, 0 twice", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_demo_keeps_its_data_and_a_key_that_only_its_owner_reads()
    {
        using var folder = new TemporaryFolder();
        var root = folder.File("kept");
        using (var demo = DemoFolder.Make(root))
        {
            await File.WriteAllTextAsync(demo.Log, "", TestContext.Current.CancellationToken);
            Assert.Equal(demo.Key, (await File.ReadAllTextAsync(demo.KeyFile, TestContext.Current.CancellationToken)).Trim());
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(demo.KeyFile));
        }

        Assert.True(File.Exists(Path.Combine(root, "demo.key")));
        Assert.Throws<CommandException>(() => DemoFolder.Make(root));
    }

    [Fact]
    public void A_temporary_folder_is_gone_afterwards()
    {
        string key;
        using (var demo = DemoFolder.Make(null)) key = demo.KeyFile;
        Assert.False(Directory.Exists(Path.GetDirectoryName(key)));
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("no-directory");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<CommandException>(
            () => ServerProcess.StartAsync(file, null, "a-key-of-the-demo-tests", TextWriter.Null, TestContext.Current.CancellationToken));

        Assert.Contains("exit code 1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no-directory", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_proof_that_fails_says_what_was_expected_and_what_came()
    {
        var proof = new Proof("events");
        proof.Equal("events of person 1", 3, 3);
        Assert.Equal("PROOF events ok 3 counted", proof.Line("3 counted"));
        for (var person = 2; person < 7; person++) proof.Equal($"events of person {person}", 3L, 4L);
        proof.FailFirst("expected 15, got 20");
        Assert.Equal(
            "PROOF events FAIL expected 15, got 20; expected events of person 2 3, got 4; expected events of person 3 3, got 4; expected events of person 4 3, got 4; and 2 more",
            proof.Line("unsaid"));
    }
}
