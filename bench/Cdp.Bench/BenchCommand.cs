using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cdp.Bench;

/// <summary>The command line: <c>NAME [--seconds N]</c> or <c>list</c>.</summary>
internal static class BenchCommand
{
    private const double DefaultSeconds = 20;

    /// <summary>Runs one of the benchmarks of a program; returns its exit code.</summary>
    internal static async Task<int> RunAsync(string[] args, IReadOnlyList<IBench> benches)
    {
        if (args is ["list"] or [])
        {
            foreach (var known in benches)
                Console.WriteLine($"{known.Name,-14} {known.Description}");
            return args.Length == 0 ? 2 : 0;
        }

        var bench = benches.FirstOrDefault(known => known.Name == args[0]);
        if (bench is null)
        {
            await Console.Error.WriteLineAsync($"There is no benchmark '{args[0]}'. Known: {string.Join(", ", benches.Select(known => known.Name))}.");
            return 2;
        }

        if (!TryParse(args[1..], out var arguments))
        {
            await Console.Error.WriteLineAsync("--seconds takes a positive number.");
            return 2;
        }

        using var interrupted = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            interrupted.Cancel();
        };
        try
        {
            var result = await bench.RunAsync(arguments, interrupted.Token);
            Console.WriteLine(ToJson(bench.Name, result));
            return 0;
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync($"{bench.Name}: {e.Message}");
            return 2;
        }
    }

    private static bool TryParse(string[] args, out BenchArguments arguments)
    {
        var seconds = DefaultSeconds;
        var rest = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] != "--seconds")
            {
                rest.Add(args[i]);
                continue;
            }

            if (++i >= args.Length || !double.TryParse(args[i], CultureInfo.InvariantCulture, out seconds) || !(seconds > 0))
            {
                arguments = new BenchArguments(DefaultSeconds, rest);
                return false;
            }
        }

        arguments = new BenchArguments(seconds, rest) { SecondsGiven = rest.Count < args.Length };
        return true;
    }

    private static string ToJson(string name, BenchResult result)
    {
        var json = new JsonObject { ["bench"] = name, ["ratio"] = Math.Round(result.Ratio, 3) };
        foreach (var (figure, value) in result.Figures)
            json[figure] = Math.Round(value, 3);
        return json.ToJsonString(JsonSerializerOptions.Default);
    }
}
