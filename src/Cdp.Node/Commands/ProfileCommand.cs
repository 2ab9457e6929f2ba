using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp profile</c>: shows one customer as a purpose may see it.</summary>
internal static class ProfileCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("profile", "Shows a customer's profile.");
        var customer = new CustomerArgument(command);
        var fields = new Option<string?>("--fields") { Description = "Fields to show, separated by commas, e.g. traits.*,monetary; default: the purpose's.", HelpName = "A,B" };
        command.Options.Add(fields);
        command.SetCall(
            context,
            (api, parsed, cancel) =>
            {
                var request = new GetProfileRequest
                {
                    Customer = customer.Customer(parsed),
                    Purpose = customer.Purpose(parsed),
                    AfterToken = customer.AfterToken(parsed),
                };
                request.Fields.AddRange(parsed.GetValue(fields)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []);
                return api.GetProfileAsync(request, cancel);
            },
            answer => ProfileText.Write(answer.Profile));
        return command;
    }
}
