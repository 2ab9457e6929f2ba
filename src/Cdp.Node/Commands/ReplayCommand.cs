using System.CommandLine;
using Cdp.Grains.Hosting;
using Cdp.Node.Commands.Printing;
using Cdp.Node.Hosting;
using Cdp.Node.Replay;

namespace Cdp.Node.Commands;

/// <summary><c>cdp replay</c>: makes everything derived in a store again.</summary>
internal static class ReplayCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("replay", "Drops what is derived in a store that no node has open, and makes it again; docs/replay.md says what it shows.");
        var fromLog = new Option<bool>("--from-log") { Description = "Drop the customers' histories, too, and apply the whole log again." };
        var seed = new Option<int?>("--seed") { Description = "With --from-log: interleave the partitions as this number has it.", HelpName = "N" };
        var compare = new Option<bool>("--compare") { Description = "Compare every customer with what it was before; exit code 1 if one differs." };
        var expect = new Option<string?>("--expect") { Description = "The digest that has to come out; exit code 1 if another does.", HelpName = "DIGEST" };
        var named = new StoreOptions(command);
        command.Options.Add(fromLog);
        command.Options.Add(seed);
        command.Options.Add(compare);
        command.Options.Add(expect);
        command.Validators.Add(result =>
        {
            if (result.GetValue(seed) is not null && !result.GetValue(fromLog)) result.AddError("--seed needs --from-log: only the log has partitions.");
        });
        var json = JsonOption.AddTo(command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var place = named.Apply(parsed, NodeOptions.Read()).Checked();
            if (!NodeStore.Exists(place)) throw new CommandException($"There is no data in '{NodeStore.Name(place)}'; name the directory with --data.");
            var options = new ReplayOptions { FromLog = parsed.GetValue(fromLog), Seed = parsed.GetValue(seed), Compare = parsed.GetValue(compare) };
            await using var store = await NodeStore.OpenAsync(place, cancel);
            var replayer = new Replayer(
                store, options, context.Time,
                phase => context.Error.WriteLine($"replay: {phase}"),
                (remedy, error) => context.Error.WriteLine($"replay: an error was handled by {remedy}: {error.Message}"),
                CrashAt.Parse(context.Variable(CrashAt.Variable), wrong => new SettingException(wrong)));
            var report = await replayer.RunAsync(cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ReplayText.WriteJson(report) : ReplayText.Write(report));
            return await JudgeAsync(context, report, parsed.GetValue(expect));
        });
        return command;
    }

    private static async Task<int> JudgeAsync(CommandContext context, ReplayReport report, string? expected)
    {
        var code = ExitCode.Success;
        if (report.DigestBefore is { } before && before != report.Digest)
        {
            await context.Error.WriteLineAsync($"cdp: customers are not what they were: {string.Join(", ", report.Different)}");
            code = ExitCode.Failure;
        }

        if (expected is not null && !string.Equals(expected, report.Digest, StringComparison.OrdinalIgnoreCase))
        {
            await context.Error.WriteLineAsync($"cdp: the digest is {report.Digest}, not {expected}");
            code = ExitCode.Failure;
        }

        return code;
    }
}
