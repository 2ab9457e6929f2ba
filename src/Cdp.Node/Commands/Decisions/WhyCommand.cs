using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Decisions;

/// <summary><c>cdp why</c>: the receipt of a decision.</summary>
internal static class WhyCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("why", "Replays a decision and shows what it was made of. Needs a key with the role decider.");
        var decision = new Argument<string>("decision") { Description = "The decision's id, as 'cdp decide' shows it.", HelpName = "DECISION" };
        var purpose = new Option<string?>("--purpose") { Description = "Declared purpose of the read; default: the key's.", HelpName = "PURPOSE" };
        command.Arguments.Add(decision);
        command.Options.Add(purpose);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.ExplainDecisionAsync(
                new ExplainDecisionRequest { DecisionId = parsed.GetRequiredValue(decision), Purpose = parsed.GetValue(purpose) ?? "" }, cancel),
            DecisionText.Write);
        return command;
    }
}
