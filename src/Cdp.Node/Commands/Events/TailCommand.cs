using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Events;

/// <summary><c>cdp tail</c>: shows events as they are applied or refused.</summary>
internal static class TailCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("tail", "Shows events as they are applied or refused, until it is interrupted.");
        var source = new Option<string?>("--source") { Description = "Only events of this source.", HelpName = "SOURCE" };
        var type = new Option<string?>("--type") { Description = "Only events of this type.", HelpName = "TYPE" };
        var channel = new Option<string?>("--channel") { Description = "Only events of this channel.", HelpName = "CHANNEL" };
        var letters = new Option<bool>("--dead-letters") { Description = "Only events that count for nobody." };
        var content = new Option<bool>("--content") { Description = "Prints the events themselves as well." };
        var purpose = new Option<string?>("--purpose") { Description = "Declared purpose of the read; default: the key's.", HelpName = "PURPOSE" };
        var count = new Option<int>("--count") { Description = "Ends after so many events; default: never.", HelpName = "N" };
        foreach (Option option in new Option[] { source, type, channel, letters, content, purpose, count })
            command.Options.Add(option);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var request = new TailEventsRequest
            {
                Source = parsed.GetValue(source) ?? "",
                Type = parsed.GetValue(type) ?? "",
                Channel = parsed.GetValue(channel) ?? "",
                OnlyDeadLetters = parsed.GetValue(letters),
                WithContent = parsed.GetValue(content),
                Purpose = parsed.GetValue(purpose) ?? "",
            };
            var (seen, missed, watching) = (0, 0L, false);
            await foreach (var response in api.TailEventsAsync(request, cancel).WithCancellation(cancel))
            {
                if (response.Missed > missed)
                    await context.Error.WriteLineAsync($"missed {ValueText.Of(response.Missed - missed)} events: more came than could be shown");
                missed = response.Missed;
                if (!watching)
                    await context.Error.WriteLineAsync("watching; end with Ctrl+C");
                watching = true;
                if (response.Tailed is null)
                    continue;
                await context.Out.WriteLineAsync(parsed.GetValue(json) ? ProtoJson.Line(response.Tailed) : TraceText.Line(response.Tailed));
                if (++seen == parsed.GetValue(count))
                    break;
            }

            return ExitCode.Success;
        });
        return command;
    }
}
