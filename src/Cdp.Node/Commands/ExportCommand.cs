using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp export</c>: writes everything that is held of a customer, as JSON Lines or as a page to read.</summary>
internal static class ExportCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("export", "Writes everything that is held of a customer, whatever purposes may see: as JSON Lines, or as a page to read.");
        var customer = new Argument<string>("customer") { Description = "NAMESPACE:VALUE of one of the customer's identifiers, or the customer's id.", HelpName = "NAMESPACE:VALUE|ID" };
        var page = new Option<bool>("--page") { Description = "As a page (HTML) that a person can read." };
        var after = new Option<string?>("--after") { Description = "Token of a publish or import whose effect must be in it.", HelpName = "TOKEN" };
        command.Arguments.Add(customer);
        command.Options.Add(page);
        command.Options.Add(after);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var request = new ExportCustomerRequest { Customer = CustomerArgument.Read(parsed.GetRequiredValue(customer)), AfterToken = parsed.GetValue(after) ?? "" };
            var items = api.ExportCustomerAsync(request, cancel);
            if (parsed.GetValue(page)) await ExportPage.WriteAsync(items, context.Out, cancel);
            else await foreach (var item in items.WithCancellation(cancel)) await context.Out.WriteLineAsync(ProtoJson.Line(item));
            return ExitCode.Success;
        });
        return command;
    }
}
