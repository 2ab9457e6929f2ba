using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp erase</c>: erases a customer for good.</summary>
internal static class EraseCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("erase", "Erases a customer for good, and prints the receipt.");
        var customer = new Argument<string>("customer") { Description = "NAMESPACE:VALUE of one of the customer's identifiers, or the customer's id.", HelpName = "NAMESPACE:VALUE|ID" };
        var reason = new Option<string?>("--reason") { Description = "Why, e.g. the number of the request; stands in the receipt. Nothing that names the person.", HelpName = "TEXT" };
        var sure = new Option<bool>("--yes") { Description = "Really do it: nothing brings the customer back." };
        command.Arguments.Add(customer);
        command.Options.Add(reason);
        command.Options.Add(sure);
        command.SetCall(
            context,
            (api, parsed, cancel) =>
            {
                var reference = CustomerArgument.Read(parsed.GetRequiredValue(customer));
                return parsed.GetValue(sure)
                    ? api.EraseCustomerAsync(new EraseCustomerRequest { Customer = reference, Reason = parsed.GetValue(reason) ?? "" }, cancel)
                    : throw new CommandException("An erasure cannot be undone. Look at what is held with \"cdp export\", then add --yes.");
            },
            ErasureText.Write);
        return command;
    }
}
