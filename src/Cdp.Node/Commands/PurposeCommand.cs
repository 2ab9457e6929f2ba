using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp purpose</c>: declares what data may be used for, and on what ground.</summary>
internal static class PurposeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("purpose", "Declares and lists the purposes for which data may be used.");
        command.Subcommands.Add(List(context));
        command.Subcommands.Add(Put(context));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the declared purposes.");
        command.SetCall(context, (api, _, cancel) => api.ListPurposesAsync(new ListPurposesRequest(), cancel), answer => PurposeText.Write(answer.Purposes));
        return command;
    }

    private static Command Put(CommandContext context)
    {
        var command = new Command("put", "Declares a purpose, or changes it; what is not given stays as it is.");
        var id = new Argument<string>("id") { Description = "1 to 64 of a-z, 0-9, _ . and -." };
        var description = new Option<string?>("--description") { Description = "What is done, for people.", HelpName = "TEXT" };
        var basis = new Option<LawfulBasis?>("--basis") { Description = "The ground in law: Consent, Contract, LegalObligation, VitalInterests, PublicTask or LegitimateInterests.", HelpName = "BASIS" };
        var consent = new Option<bool?>("--needs-consent") { Description = "Only with the customer's consent.", HelpName = "true|false" };
        var gpc = new Option<bool?>("--refused-by-gpc") { Description = "Global Privacy Control in a customer's events refuses it.", HelpName = "true|false" };
        command.Arguments.Add(id);
        foreach (Option option in new Option[] { description, basis, consent, gpc })
            command.Options.Add(option);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var name = parsed.GetRequiredValue(id);
                var known = (await api.ListPurposesAsync(new ListPurposesRequest(), cancel)).Purposes.FirstOrDefault(purpose => purpose.Id == name);
                var put = known ?? new Purpose { Id = name };
                put.Description = parsed.GetValue(description) ?? put.Description;
                put.LawfulBasis = parsed.GetValue(basis) ?? put.LawfulBasis;
                put.NeedsConsent = parsed.GetValue(consent) ?? put.NeedsConsent;
                put.RefusedByGpc = parsed.GetValue(gpc) ?? put.RefusedByGpc;
                return await api.PutPurposeAsync(new PutPurposeRequest { Purpose = put }, cancel);
            },
            answer => PurposeText.Write([answer.Purpose]));
        return command;
    }
}
