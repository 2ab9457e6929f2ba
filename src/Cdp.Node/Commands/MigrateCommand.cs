using System.CommandLine;
using Cdp.Node.Hosting;
using Cdp.Storage.Postgres;

namespace Cdp.Node.Commands;

/// <summary><c>cdp migrate</c>: makes the tables of a store in a PostgreSQL database, or brings them to this version.</summary>
internal static class MigrateCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("migrate", "Makes the tables of a store in a PostgreSQL database, or brings those of an earlier version to this one; docs/postgres.md.");
        var postgres = new Option<string?>("--postgres") { Description = "The database: postgres://USER:PASSWORD@HOST:PORT/DATABASE; default: the setting Cdp:Postgres.", HelpName = "ADDRESS" };
        var partitions = new Option<int?>("--partitions") { Description = "Partitions of a new log; default: 16.", HelpName = "N" };
        command.Options.Add(postgres);
        command.Options.Add(partitions);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var read = NodeOptions.Read();
            var options = (read with { Postgres = parsed.GetValue(postgres) ?? read.Postgres, Partitions = parsed.GetValue(partitions) ?? read.Partitions }).Checked();
            if (options.Postgres is null) throw new CommandException("Name the database with --postgres, or with the setting Cdp:Postgres.");
            var before = await PostgresSchema.MigrateAsync(PostgresAddress.Parse(options.Postgres), PostgresSchema.DefaultName, options.Partitions, epoch: null, cancel);
            await context.Out.WriteLineAsync(before switch
            {
                0 => $"made the tables of version {PostgresSchema.Version} in {NodeStore.Name(options)}",
                _ when before == PostgresSchema.Version => $"{NodeStore.Name(options)} has version {before} already; nothing changed",
                _ => $"brought {NodeStore.Name(options)} from version {before} to {PostgresSchema.Version}",
            });
            return ExitCode.Success;
        });
        return command;
    }
}
