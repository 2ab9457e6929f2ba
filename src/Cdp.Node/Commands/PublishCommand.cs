using System.CommandLine;
using Cdp.Node.Commands.Printing;

namespace Cdp.Node.Commands;

/// <summary><c>cdp publish</c>: publishes events that are written as JSON, one a line.</summary>
internal static class PublishCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("publish", "Publishes events: JSON Lines, each line one event as the contract's JSON has it.");
        var events = new DataArgument(command, "The events");
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var reader = new StreamReader(events.Path(parsed) is { } path ? File.OpenRead(path) : context.OpenInput());
            using var api = server.Connect(parsed);
            var result = await new EventLinesPublisher(api, context).RunAsync(reader, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? PublishText.WriteJson(result) : PublishText.Write(result));
            if (!parsed.GetValue(json))
                await context.Error.WriteAsync(PublishText.WriteRefused(result));
            return result.Refused.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }
}
