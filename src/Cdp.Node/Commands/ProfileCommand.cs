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
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var request = new GetProfileRequest
            {
                Customer = customer.Customer(parsed),
                Purpose = customer.Purpose(parsed),
                AfterToken = customer.AfterToken(parsed),
            };
            request.Fields.AddRange(parsed.GetValue(fields)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []);
            using var api = server.Connect(parsed);
            var response = await api.GetProfileAsync(request, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(response) : ProfileText.Write(response.Profile));
            return ExitCode.Success;
        });
        return command;
    }
}
