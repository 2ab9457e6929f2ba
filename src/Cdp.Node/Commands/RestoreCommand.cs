using System.CommandLine;
using Cdp.Grains.Hosting;
using Cdp.Node.Backups;
using Cdp.Node.Commands.Printing;
using Cdp.Node.Hosting;

namespace Cdp.Node.Commands;

/// <summary><c>cdp restore</c>: makes a data directory of a backup.</summary>
internal static class RestoreCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("restore", "Makes a data directory of a backup. The next 'cdp serve' on it first erases again who was erased after the backup was made; docs/backup.md.");
        var backup = new Argument<string>("backup") { Description = "Directory of the backup.", HelpName = "DIRECTORY" };
        var data = new Option<string>("--data") { Description = "The data directory, which is not there yet, or is empty.", HelpName = "DIR", Required = true };
        var erasures = new Option<string?>("--erasures") { Description = $"The file of erasures; default: {ErasureLedgerFile.FileName} beside the backup.", HelpName = "FILE" };
        var without = new Option<bool>("--without-erasures") { Description = "Restore also who was erased after the backup was made. Only where nobody was, or all are erased again by hand." };
        command.Arguments.Add(backup);
        command.Options.Add(data);
        command.Options.Add(erasures);
        command.Options.Add(without);
        command.Validators.Add(result =>
        {
            if (result.GetValue(without) && result.GetValue(erasures) is not null) result.AddError("--erasures and --without-erasures exclude each other.");
        });
        var json = JsonOption.AddTo(command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetRequiredValue(backup)));
            var ledger = parsed.GetValue(without) ? null : LedgerOf(directory, parsed.GetValue(erasures));
            var steps = CrashAt.Parse(context.Variable(CrashAt.Variable), wrong => new SettingException(wrong));
            var report = await new BackupRestore(directory, parsed.GetRequiredValue(data), ledger, context.Time, steps).RunAsync(cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? BackupText.WriteJson(report) : BackupText.Write(report));
            return ExitCode.Success;
        });
        return command;
    }

    private static string LedgerOf(string backup, string? named)
    {
        if (named is not null) return File.Exists(named) ? named : throw new CommandException($"There is no file {named}; check the path of --erasures.");
        var beside = Path.Combine(Path.GetDirectoryName(backup) ?? backup, ErasureLedgerFile.FileName);
        return File.Exists(beside)
            ? beside
            : throw new CommandException(
                $"There is no {beside}: without it, who was erased after the backup was made would come back. Name the file with --erasures, or say --without-erasures if nobody was.");
    }
}
