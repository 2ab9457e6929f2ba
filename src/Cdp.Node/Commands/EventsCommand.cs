using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp events</c>: lists a customer's events, newest first.</summary>
internal static class EventsCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var command = new Command("events", "Lists a customer's events, newest first.");
        var customer = new CustomerArgument(command);
        var limit = LimitOption.AddTo(command, "Most events to list.");
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var all = new ListEventsResponse();
                var most = parsed.GetValue(limit);
                do
                {
                    var page = await api.ListEventsAsync(
                        new ListEventsRequest
                        {
                            Customer = customer.Customer(parsed),
                            Purpose = customer.Purpose(parsed),
                            AfterToken = customer.AfterToken(parsed),
                            PageSize = Math.Min(PageSize, most - all.Events.Count),
                            PageToken = all.NextPageToken,
                        },
                        cancel);
                    all.Events.AddRange(page.Events);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0 && all.Events.Count < most);

                return all;
            },
            EventsText.Write);
        return command;
    }
}
