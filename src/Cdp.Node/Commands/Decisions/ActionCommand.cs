using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Decisions;

/// <summary><c>cdp action</c>: what can be offered.</summary>
internal static class ActionCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var action = new Command("action", "What can be offered: puts and lists actions.");
        action.Subcommands.Add(DefinitionPut.Create<Cdp.V1.Action>(
            context, "action", static action => action.Id,
            static async (api, action, cancel) => (await api.PutActionAsync(new PutActionRequest { Action = action }, cancel)).Action, DecisionText.Write));
        action.Subcommands.Add(List(context));
        return action;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the actions.");
        command.SetCall(
            context,
            async (api, _, cancel) =>
            {
                var all = new ListActionsResponse();
                do
                {
                    var page = await api.ListActionsAsync(new ListActionsRequest { PageSize = PageSize, PageToken = all.NextPageToken }, cancel);
                    all.Actions.AddRange(page.Actions);
                    all.NextPageToken = page.NextPageToken;
                }
                while (all.NextPageToken.Length > 0);

                return all;
            },
            all => DecisionText.Write(all.Actions));
        return command;
    }
}
