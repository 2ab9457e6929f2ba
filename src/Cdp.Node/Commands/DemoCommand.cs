using System.CommandLine;
using Cdp.Node.Demo;

namespace Cdp.Node.Commands;

/// <summary><c>cdp demo</c>: shows and proves what the platform does, on a server of its own, in a minute.</summary>
internal static class DemoCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("demo", "Shows and proves in a minute what the platform does: starts a server, sends it a crowd, checks every customer.");
        var seed = new Option<long>("--seed") { Description = "Decides what the crowd does; default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var serve = new Option<bool>("--serve") { Description = "Leave the server running at the end, until Ctrl-C." };
        var seconds = new Option<int>("--seconds") { Description = "How long lookups and visibility are measured, 1 to 600; default: 4.", HelpName = "N", DefaultValueFactory = _ => 4 };
        var keep = new Option<string?>("--keep") { Description = "Keep the data in this new directory; default: a temporary one, deleted at the end.", HelpName = "DIR" };
        var postgres = new Option<string?>("--postgres") { Description = "Keep the server's data in this empty PostgreSQL database: postgres://USER:PASSWORD@HOST:PORT/DATABASE.", HelpName = "ADDRESS" };
        var people = new Option<int>("--people") { Description = $"People in the crowd, at least {DemoScale.FewestPeople}; default: {DemoScale.Full.People}.", HelpName = "N", DefaultValueFactory = _ => DemoScale.Full.People };
        var events = new Option<int?>("--events") { Description = $"Different events, at least {DemoScale.FewestEventsPerPerson} a person; default: that.", HelpName = "N" };
        command.Options.Add(seed);
        command.Options.Add(serve);
        command.Options.Add(seconds);
        command.Options.Add(keep);
        command.Options.Add(postgres);
        command.Options.Add(people);
        command.Options.Add(events);
        command.SetWork(context, (parsed, cancel) =>
        {
            var options = new DemoOptions
            {
                Seed = parsed.GetValue(seed),
                Scale = Scale(parsed.GetValue(people), parsed.GetValue(events)),
                Measuring = TimeSpan.FromSeconds(Within("--seconds", parsed.GetValue(seconds), 1, 600)),
                Serve = parsed.GetValue(serve),
                Keep = parsed.GetValue(keep),
                Postgres = parsed.GetValue(postgres),
            };
            return new DemoRun(options, context.Out, context.Time).RunAsync(cancel);
        });
        return command;
    }

    private static DemoScale Scale(int people, int? events)
    {
        Within("--people", people, DemoScale.FewestPeople, 999_999);
        var least = people * DemoScale.FewestEventsPerPerson;
        return new DemoScale(people, Within("--events", events ?? least, least, 100_000_000));
    }

    private static int Within(string option, int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new CommandException($"{option}: give {least} to {most}.");
}
