using System.CommandLine;
using Cdp.Node.Backups;
using Cdp.Node.Commands.Printing;
using Cdp.Node.Copy;
using Cdp.Node.Hosting;

namespace Cdp.Node.Commands;

/// <summary><c>cdp copy</c>: copies a store into another place.</summary>
internal static class CopyCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("copy", "Copies a store that no node has open into a directory or a PostgreSQL database, and compares the two; docs/postgres.md.");
        var from = new Option<string>("--from") { Description = "The store: a directory, or postgres://USER:PASSWORD@HOST:PORT/DATABASE.", HelpName = "PLACE", Required = true };
        var to = new Option<string>("--to") { Description = "An empty place for the copy, or one where the same copy was interrupted.", HelpName = "PLACE", Required = true };
        var partitions = new Option<int?>("--partitions") { Description = "Partitions of the copy's log, no fewer than there are; default: as many.", HelpName = "N" };
        command.Options.Add(from);
        command.Options.Add(to);
        command.Options.Add(partitions);
        var json = JsonOption.AddTo(command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var settings = NodeOptions.Read() with { Partitions = parsed.GetValue(partitions) };
            var (source, target) = (NodeStore.At(parsed.GetRequiredValue(from), settings), NodeStore.At(parsed.GetRequiredValue(to), settings));
            if (!NodeStore.Exists(source)) throw new CommandException($"There is no data in '{NodeStore.Name(source)}'; name the store with --from.");
            ErasuresAgain.ThrowIfAny(source);
            if (NodeStore.Name(source) == NodeStore.Name(target)) throw new CommandException("--from and --to name the same place.");
            var report = await new StoreCopy(source, target, context.Time, what => context.Error.WriteLine($"copy: {what}")).RunAsync(settings.Partitions, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? CopyText.WriteJson(report) : CopyText.Write(report));
            if (report.IsSame) return ExitCode.Success;
            await context.Error.WriteLineAsync("cdp: the copy does not hold what the store does; nothing serves it. Copy again into an empty place.");
            return ExitCode.Failure;
        });
        return command;
    }
}
