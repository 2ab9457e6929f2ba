using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp backup</c>: has a server copy all that it holds while it goes on, and lists the copies.</summary>
internal static class BackupCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("backup", "Makes a backup of a server while it goes on, in its directory of backups; docs/backup.md. Needs the operator's key.");
        var name = new Option<string?>("--name") { Description = "What it is to be called; default: the time.", HelpName = "NAME" };
        command.Options.Add(name);
        command.Subcommands.Add(List(context));
        command.SetCall(context, (api, parsed, cancel) => api.CreateBackupAsync(new CreateBackupRequest { Name = parsed.GetValue(name) ?? "" }, cancel), BackupText.WriteCreated);
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the backups that are whole, oldest first.");
        command.SetCall(context, (api, _, cancel) => api.ListBackupsAsync(new ListBackupsRequest(), cancel), answer => BackupText.Write(answer.Backups));
        return command;
    }
}
