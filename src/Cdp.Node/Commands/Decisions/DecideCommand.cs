using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Commands.Decisions;

/// <summary><c>cdp decide</c>: what now, for this customer?</summary>
internal static class DecideCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("decide", "Ranks the actions of a placement for a customer, or for a visitor of whom nothing is known. Needs a key with the role decider.");
        var placement = new Argument<string>("placement") { Description = "The placement's id, as 'cdp placement list' shows it.", HelpName = "PLACEMENT" };
        var customer = new Argument<string?>("customer")
        {
            Description = "NAMESPACE:VALUE of one of the customer's identifiers, or the customer's id; none: a visitor.",
            HelpName = "NAMESPACE:VALUE|ID",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var facts = new Option<string?>("--context") { Description = "The situation, in JSON, e.g. '{\"hour\": {\"intValue\": \"22\"}}'.", HelpName = "JSON" };
        var dry = new Option<bool>("--dry-run") { Description = "Only show what would be decided: reserves nothing, teaches nothing." };
        var sync = new Option<bool>("--sync") { Description = "Have the decision durable before the answer." };
        var purpose = new Option<string?>("--purpose") { Description = "Declared purpose of the read; default: the key's.", HelpName = "PURPOSE" };
        var after = new Option<string?>("--after") { Description = "Token of a publish or import whose effect must be visible.", HelpName = "TOKEN" };
        command.Arguments.Add(placement);
        command.Arguments.Add(customer);
        foreach (var option in (Option[])[facts, dry, sync, purpose, after])
            command.Options.Add(option);
        command.SetCall(
            context,
            (api, parsed, cancel) =>
            {
                var request = parsed.GetValue(facts) is { } json ? Parse(json) : new DecideRequest();
                request.Placement = parsed.GetRequiredValue(placement);
                request.Mode = parsed.GetValue(dry) ? DecisionMode.DryRun : DecisionMode.Live;
                request.Consistency = parsed.GetValue(sync) ? DecisionConsistency.Sync : DecisionConsistency.Async;
                request.Purpose = parsed.GetValue(purpose) ?? "";
                request.AfterToken = parsed.GetValue(after) ?? "";
                if (parsed.GetValue(customer) is { } named)
                {
                    var reference = CustomerArgument.Read(named);
                    if (reference.Identifier is { } identifier)
                        request.Identifiers.Add(identifier);
                    else
                        request.CustomerId = reference.CustomerId;
                }

                return api.DecideAsync(request, cancel);
            },
            DecisionText.Write);
        return command;
    }

    private static DecideRequest Parse(string context)
    {
        try
        {
            return JsonParser.Default.Parse<DecideRequest>($"{{\"context\": {context}}}");
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CommandException($"--context holds no map of values in JSON: {e.Message}", e);
        }
    }
}
