using System.CommandLine;
using Cdp.Node.Backups;
using Cdp.Node.Commands.Printing;

namespace Cdp.Node.Commands;

/// <summary><c>cdp verify</c>: reads a backup and says whether it can be restored.</summary>
internal static class VerifyCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("verify", "Reads every byte of a backup and says whether it is whole and unchanged; exit code 1 if it is not. It changes nothing.");
        var backup = new Argument<string>("backup") { Description = "Directory of the backup.", HelpName = "DIRECTORY" };
        command.Arguments.Add(backup);
        var json = JsonOption.AddTo(command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var directory = parsed.GetRequiredValue(backup);
            var report = await BackupCheck.RunAsync(directory, context.Time, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? BackupText.WriteJson(report) : BackupText.Write(report));
            if (report.IsWhole) return ExitCode.Success;
            foreach (var damage in report.Damages) await context.Error.WriteLineAsync($"cdp: {damage.File}: {damage.What}");
            await context.Error.WriteLineAsync($"cdp: the backup in '{directory}' is damaged; restore another one.");
            return ExitCode.Failure;
        });
        return command;
    }
}
