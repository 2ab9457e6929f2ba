using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Events;

/// <summary><c>cdp trace</c>: says what became of one event.</summary>
internal static class TraceCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("trace", "Says what became of one event: where it is, whose it is, and what it changed.");
        var id = new Argument<string>("event-id") { Description = "The event's id.", HelpName = "EVENT-ID" };
        var source = new Option<string?>("--source") { Description = "The event's source; default: the key's.", HelpName = "SOURCE" };
        var identifier = new Option<string?>("--identifier") { Description = "NAMESPACE:VALUE of an identifier that the event bears: finds it at once, however old it is.", HelpName = "NAMESPACE:VALUE" };
        var token = new Option<string?>("--token") { Description = "Token of its publish: finds it among the events of that call.", HelpName = "TOKEN" };
        var search = new Option<int>("--search") { Description = "Newest events to look through where neither of these finds it; default: 200000.", HelpName = "N" };
        var purpose = new Option<string?>("--purpose") { Description = "Declared purpose of the read; default: the key's.", HelpName = "PURPOSE" };
        var content = new Option<bool>("--content") { Description = "Prints the event itself as well." };
        command.Arguments.Add(id);
        foreach (Option option in new Option[] { source, identifier, token, search, purpose, content })
            command.Options.Add(option);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.TraceEventAsync(
                new TraceEventRequest
                {
                    EventId = parsed.GetRequiredValue(id),
                    Source = parsed.GetValue(source) ?? "",
                    Identifier = parsed.GetValue(identifier) is { } text ? Identifier(text) : null,
                    Token = parsed.GetValue(token) ?? "",
                    SearchEvents = parsed.GetValue(search),
                    Purpose = parsed.GetValue(purpose) ?? "",
                    WithContent = parsed.GetValue(content),
                },
                cancel),
            TraceText.Write);
        return command;
    }

    private static Identifier Identifier(string text) =>
        CustomerArgument.Read(text).Identifier ?? throw new CommandException($"\"{text}\" is no identifier; write NAMESPACE:VALUE, e.g. email:ann@example.org.");
}
