using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp identity</c>: shows what a customer consists of and why.</summary>
internal static class IdentityCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var command = new Command("identity", "Shows a customer's identifiers, links, merges and refused links with their evidence.");
        var customer = new CustomerArgument(command);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                DescribeIdentityResponse? all = null;
                do
                {
                    var page = await api.DescribeIdentityAsync(
                        new DescribeIdentityRequest
                        {
                            Customer = customer.Customer(parsed),
                            Purpose = customer.Purpose(parsed),
                            AfterToken = customer.AfterToken(parsed),
                            PageSize = PageSize,
                            PageToken = all?.NextPageToken ?? "",
                        },
                        cancel);
                    if (all is null)
                    {
                        all = page;
                        continue;
                    }

                    all.Facts.AddRange(page.Facts);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0);

                return all;
            },
            IdentityText.Write);
        return command;
    }
}
