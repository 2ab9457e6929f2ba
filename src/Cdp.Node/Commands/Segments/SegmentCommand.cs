using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Segments;

/// <summary><c>cdp segment</c>: audiences, who is in them, and why.</summary>
internal static class SegmentCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var segment = new Command("segment", "Audiences: checks, puts, lists and explains them.");
        segment.Subcommands.Add(SegmentCheckCommand.Create(context));
        segment.Subcommands.Add(SegmentPutCommand.Create(context));
        segment.Subcommands.Add(List(context));
        segment.Subcommands.Add(Members(context));
        segment.Subcommands.Add(Why(context));
        segment.Subcommands.Add(Delete(context));
        return segment;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the segments with the number of their members.");
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var segments = new List<GetSegmentResponse>();
            var page = new ListSegmentsResponse();
            do
            {
                page = await api.ListSegmentsAsync(new ListSegmentsRequest { PageSize = PageSize, PageToken = page.NextPageToken }, cancel);
                foreach (var listed in page.Segments)
                {
                    if (await FindAsync(api, listed.Id, cancel) is { } segment)
                        segments.Add(segment);
                }
            }
            while (page.NextPageToken.Length > 0);

            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(segments) : SegmentText.Write(segments));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The segment; null where it was deleted after it was listed.</summary>
    private static async Task<GetSegmentResponse?> FindAsync(ICdpApi api, string id, CancellationToken cancel)
    {
        try
        {
            return await api.GetSegmentAsync(new GetSegmentRequest { Id = id }, cancel);
        }
        catch (CdpApiException e) when (e.Status == CdpStatus.NotFound)
        {
            return null;
        }
    }

    private static Command Members(CommandContext context)
    {
        var command = new Command("members", "Lists the customers that are in a segment, oldest first.");
        var id = IdArgument(command);
        var limit = LimitOption.AddTo(command, "Most members to list.");
        var after = new Option<string?>("--after") { Description = "Token of a publish or import whose effect must be visible.", HelpName = "TOKEN" };
        command.Options.Add(after);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var all = new ListMembersResponse();
                var most = parsed.GetValue(limit);
                do
                {
                    var page = await api.ListMembersAsync(
                        new ListMembersRequest
                        {
                            Segment = parsed.GetRequiredValue(id),
                            AfterToken = parsed.GetValue(after) ?? "",
                            PageSize = Math.Min(PageSize, most - all.CustomerIds.Count),
                            PageToken = all.NextPageToken,
                        },
                        cancel);
                    all.CustomerIds.AddRange(page.CustomerIds);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0 && all.CustomerIds.Count < most);

                return all;
            },
            SegmentText.Write);
        return command;
    }

    private static Command Why(CommandContext context)
    {
        var command = new Command("why", "Shows why a customer is in a segment, or not: the value of each part of the condition.");
        var id = IdArgument(command);
        var customer = new CustomerArgument(command);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.ExplainMembershipAsync(
                new ExplainMembershipRequest
                {
                    Segment = parsed.GetRequiredValue(id),
                    Customer = customer.Customer(parsed),
                    Purpose = customer.Purpose(parsed),
                    AfterToken = customer.AfterToken(parsed),
                },
                cancel),
            SegmentText.Write);
        return command;
    }

    private static Command Delete(CommandContext context)
    {
        var command = new Command("delete", "Removes a segment; customers are not touched. Needs a key with the role admin.");
        var id = IdArgument(command);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.DeleteSegmentAsync(new DeleteSegmentRequest { Id = parsed.GetRequiredValue(id) }, cancel),
            _ => "deleted\n");
        return command;
    }

    private static Argument<string> IdArgument(Command command)
    {
        var id = new Argument<string>("id") { Description = "The segment's id, as 'cdp segment list' shows it.", HelpName = "ID" };
        command.Arguments.Add(id);
        return id;
    }
}
