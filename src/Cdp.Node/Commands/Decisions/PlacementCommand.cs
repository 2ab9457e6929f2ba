using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Decisions;

/// <summary><c>cdp placement</c>: where actions are shown.</summary>
internal static class PlacementCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var placement = new Command("placement", "Where actions are shown: puts and lists placements.");
        placement.Subcommands.Add(DefinitionPut.Create<Cdp.V1.Placement>(
            context, "placement", static placement => placement.Id,
            static async (api, placement, cancel) => (await api.PutPlacementAsync(new PutPlacementRequest { Placement = placement }, cancel)).Placement, DecisionText.Write));
        placement.Subcommands.Add(List(context));
        return placement;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the placements.");
        command.SetCall(
            context,
            async (api, _, cancel) =>
            {
                var all = new ListPlacementsResponse();
                do
                {
                    var page = await api.ListPlacementsAsync(new ListPlacementsRequest { PageSize = PageSize, PageToken = all.NextPageToken }, cancel);
                    all.Placements.AddRange(page.Placements);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0);

                return all;
            },
            all => DecisionText.Write(all.Placements));
        return command;
    }
}
