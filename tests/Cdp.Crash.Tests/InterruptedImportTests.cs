using System.Globalization;
using System.Text;
using System.Text.Json;
using Cdp.CrashKit;
using Cdp.V1;

namespace Cdp.Crash.Tests;

/// <summary>An import that is interrupted as a person does it, and run again, accounts for every line once.</summary>
public sealed class InterruptedImportTests
{
    private const int Lines = 60_000;
    private const int People = 97;
    private const string Mapping = """
        { "format": "csv", "event": { "type": "Seen", "source": "shop", "occurred_at": { "column": "at" },
          "identifiers": [{ "namespace": "user_id", "column": "user" }] } }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ctrl_C_half_way_and_the_same_command_again_count_every_line_once()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["mapping.json"], Mapping, Token);
        await File.WriteAllTextAsync(directory["seen.csv"], Csv(), Token);
        await using var server = CdpProcess.Serve(directory["data"]);
        var address = (await server.Address.WaitAsync(Token))!;
        string[] command = ["import", directory["seen.csv"], "--mapping", directory["mapping.json"], "--batch", "50", "--json"];

        long before;
        await using (var interrupted = CdpProcess.CallInForeground(address, command))
        {
            await ReachesAsync(interrupted, directory["seen.csv.cdp-import"], Lines / 4);
            await interrupted.SignalAsync("INT", Token);
            Assert.Equal(1, await interrupted.WaitAsync(Token));
            Assert.Contains("run the same command again", interrupted.Errors, StringComparison.Ordinal);
            Assert.Empty(interrupted.Printed);
            before = Progress(directory["seen.csv.cdp-import"]);
            Assert.InRange(before, Lines / 4, Lines - 1);
        }

        await using var again = CdpProcess.Call(address, command);
        Assert.True(await again.WaitAsync(Token) == 0, again.Output);

        var summary = JsonDocument.Parse(again.Printed).RootElement;
        var rejected = Enumerable.Range(0, Lines).Count(IsBad);
        Assert.Equal((before, Lines, Lines - rejected, rejected), (
            summary.GetProperty("resumed_at_line").GetInt64(), summary.GetProperty("lines").GetInt32(),
            summary.GetProperty("lines_accepted").GetInt32(), summary.GetProperty("lines_rejected").GetInt32()));
        Assert.Equal(
            Enumerable.Range(0, Lines).Where(IsBad).Select(i => $"{i + 2}"),
            (await File.ReadAllLinesAsync(directory["seen.csv.rejects.csv"], Token)).Skip(1).Select(line => line[..line.IndexOf(',')]));
        Assert.False(File.Exists(directory["seen.csv.cdp-import"]));
        Assert.Equal(Expected(), await CountsAsync(address, summary.GetProperty("token").GetString()!));
    }

    /// <summary>Waits until the import's progress, which is replaced with each batch, says that so many lines are done.</summary>
    private static async Task ReachesAsync(CdpProcess import, string path, long units)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!);
        watcher.Renamed += (_, renamed) =>
        {
            try
            {
                if (renamed.FullPath == path && Progress(path) >= units) reached.TrySetResult();
            }
            catch (FileNotFoundException)
            {
                // It came to its end meanwhile, which is noticed below.
            }
        };
        watcher.EnableRaisingEvents = true;
        var ended = import.WaitAsync(Token);
        await Task.WhenAny(reached.Task, ended);
        Assert.False(ended.IsCompleted, $"The import ended before it was interrupted: {import.Output}");
    }

    private static long Progress(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty("units").GetInt64();

    private static async Task<SortedDictionary<string, long>> CountsAsync(Uri address, string token)
    {
        using var client = CdpProcess.Connect(address);
        var request = new BatchGetProfilesRequest { Purpose = "service", Fields = { "activity" }, AfterToken = token };
        var names = Expected().Keys.ToList();
        request.Customers.AddRange(names.Select(name => new CustomerRef { Identifier = new Identifier { Namespace = "user_id", Value = name } }));
        var response = await client.Profiles.BatchGetProfilesAsync(request, cancellationToken: Token);
        return new(names.Zip(response.Results).ToDictionary(pair => pair.First, pair => pair.Second.Profile.Activity.EventCount), StringComparer.Ordinal);
    }

    private static SortedDictionary<string, long> Expected() => new(
        Enumerable.Range(0, Lines).Where(i => !IsBad(i)).GroupBy(User).ToDictionary(group => group.Key, group => group.LongCount()), StringComparer.Ordinal);

    private static string Csv()
    {
        var csv = new StringBuilder("user,at\n");

        // Every time stands on several lines: repeats are lines of their own.
        for (var i = 0; i < Lines; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{User(i)},{(IsBad(i) ? "yesterday" : $"2024-05-{1 + (i % 28):00}")}\n");
        return csv.ToString();
    }

    private static string User(int line) => string.Create(CultureInfo.InvariantCulture, $"u{line * 31 % People}");

    private static bool IsBad(int line) => line % 997 == 13;
}
