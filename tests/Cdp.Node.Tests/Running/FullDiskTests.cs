using System.Diagnostics;
using System.Text.Json;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Node.Tests.Running;

/// <summary>A server whose disk is full says so, loses nothing that it acknowledged, and goes on by itself when there is room.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_refuses_events_with_a_reason_and_takes_them_in_again_when_there_is_room()
    {
        var disk = _folder.File("disk");
        Directory.CreateDirectory(disk);
        if (!Run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk)) Assert.Skip("A small file system cannot be mounted here (it needs Linux and root).");
        try
        {
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[4 << 20], Cancel);
            await using var child = CdpProcess.Serve(Path.Combine(disk, "data"), partitions: 2, settings: new Dictionary<string, string> { ["Cdp__LogFormat"] = "json" });
            var address = await child.Address ?? throw new InvalidOperationException(child.Output);
            using var client = CdpProcess.Connect(address);
            var acknowledged = 0;
            CallException? full = null;
            while (full is null)
            {
                try
                {
                    await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Large(acknowledged) } }, cancellationToken: Cancel);
                    acknowledged++;
                }
                catch (CallException e)
                {
                    full = e;
                }
            }

            Assert.Equal((Code.Unavailable, "STORE_FULL"), (full.StatusCode, full.Reason));
            Assert.NotNull(full.RetryDelay);
            Assert.Equal("STORE_FULL", (await Assert.ThrowsAsync<CallException>(() => client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Large(acknowledged) } }, cancellationToken: Cancel))).Reason);

            File.Delete(ballast);
            var last = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { Large(acknowledged++) } }, cancellationToken: Cancel);
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = "ann@example.org" } }, Purpose = "service", Fields = { "activity" }, AfterToken = last.Token };
            var profile = (await client.Profiles.GetProfileAsync(read, cancellationToken: Cancel)).Profile;
            Assert.Equal(acknowledged, profile.Activity.EventCount);
            await child.SignalAsync("TERM", Cancel);
            Assert.Equal(0, await child.WaitAsync(Cancel));
            var logged = child.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Message").GetString()).ToList();
            Assert.All(logged, message => Assert.DoesNotContain("ann@example.org", message, StringComparison.Ordinal));
        }
        finally
        {
            // Lazily: a process that another test starts at this moment may hold the files for an instant.
            Run("umount", "-l", disk);
        }
    }

    private static Event Large(int id)
    {
        var made = new Event { Id = $"e{id}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web", Identifiers = { new Identifier { Namespace = "email", Value = "ann@example.org" } } };
        var noise = new byte[24_000];
        new Random(id).NextBytes(noise);
        made.Properties["noise"] = new Value { StringValue = Convert.ToBase64String(noise) };
        return made;
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
