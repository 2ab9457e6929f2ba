using System.CommandLine;
using Cdp.Node.Commands.Decisions;
using Cdp.Node.Commands.Events;
using Cdp.Node.Commands.Segments;

namespace Cdp.Node.Commands;

/// <summary>Puts the command line <c>cdp</c> together.</summary>
public static class RootCommandFactory
{
    /// <summary>Makes the root with all commands that talk to a server.</summary>
    /// <param name="context">What the commands stand on.</param>
    /// <param name="own">Commands of this process itself, e.g. <c>serve</c>; they stand first in the help.</param>
    public static RootCommand Create(CommandContext context, params ReadOnlySpan<Command> own)
    {
        var root = new RootCommand("Orleans.Cdp: a real-time customer data platform.");
        foreach (var command in own)
            root.Subcommands.Add(command);
        root.Subcommands.Add(ImportCommand.Create(context));
        root.Subcommands.Add(PublishCommand.Create(context));
        root.Subcommands.Add(ProfileCommand.Create(context));
        root.Subcommands.Add(EventsCommand.Create(context));
        root.Subcommands.Add(TraceCommand.Create(context));
        root.Subcommands.Add(TailCommand.Create(context));
        root.Subcommands.Add(DeadLettersCommand.Create(context));
        root.Subcommands.Add(EventTypeCommand.Create(context));
        root.Subcommands.Add(IdentityCommand.Create(context));
        root.Subcommands.Add(PurposeCommand.Create(context));
        root.Subcommands.Add(ConsentCommand.Create(context));
        root.Subcommands.Add(ExportCommand.Create(context));
        root.Subcommands.Add(EraseCommand.Create(context));
        root.Subcommands.Add(SegmentCommand.Create(context));
        root.Subcommands.Add(ActionCommand.Create(context));
        root.Subcommands.Add(PlacementCommand.Create(context));
        root.Subcommands.Add(DecideCommand.Create(context));
        root.Subcommands.Add(WhyCommand.Create(context));
        root.Subcommands.Add(TenantsCommand.Create(context));
        root.Subcommands.Add(KeysCommand.Create(context));
        root.Subcommands.Add(AuditCommand.Create(context));
        root.Subcommands.Add(BackupCommand.Create(context));
        root.Subcommands.Add(DoctorCommand.Create(context));
        return root;
    }
}
