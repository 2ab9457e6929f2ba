using System.CommandLine;
using System.Globalization;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp consent</c>: shows what a customer allows, and records what it says.</summary>
internal static class ConsentCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("consent", "Shows what a customer allows its data to be used for; with --allow or --refuse, records it first.");
        var customer = new Argument<string>("customer") { Description = "NAMESPACE:VALUE of one of the customer's identifiers, or the customer's id.", HelpName = "NAMESPACE:VALUE|ID" };
        var allow = new Option<string[]>("--allow") { Description = "A purpose that the customer allows.", HelpName = "PURPOSE" };
        var refuse = new Option<string[]>("--refuse") { Description = "A purpose that the customer refuses or withdraws.", HelpName = "PURPOSE" };
        var channel = new Option<string?>("--channel") { Description = "The channel that it is about; default: all.", HelpName = "CHANNEL" };
        var until = new Option<string?>("--until") { Description = "When what is allowed ends, e.g. 2027-12-31.", HelpName = "TIME" };
        var proof = new Option<string?>("--proof") { Description = "Names what proves it.", HelpName = "TEXT" };
        command.Arguments.Add(customer);
        foreach (Option option in new Option[] { allow, refuse, channel, until, proof })
            command.Options.Add(option);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var reference = CustomerArgument.Read(parsed.GetRequiredValue(customer));
                var record = new RecordConsentRequest { Customer = reference };
                record.Acts.AddRange((parsed.GetValue(allow) ?? []).Select(purpose => Act(purpose, granted: true)));
                record.Acts.AddRange((parsed.GetValue(refuse) ?? []).Select(purpose => Act(purpose, granted: false)));
                if (record.Acts.Count == 0)
                    return await api.GetConsentsAsync(new GetConsentsRequest { Customer = reference }, cancel);
                var recorded = await api.RecordConsentAsync(record, cancel);
                return new GetConsentsResponse { CustomerId = recorded.CustomerId, Consents = { recorded.Consents } };

                ConsentAct Act(string purpose, bool granted) => new()
                {
                    Purpose = purpose,
                    Granted = granted,
                    Channel = parsed.GetValue(channel) ?? "",
                    Proof = parsed.GetValue(proof) ?? "",
                    ExpiresAt = granted && parsed.GetValue(until) is { } text ? Time(text) : null,
                };
            },
            ConsentText.Write);
        return command;
    }

    private static Timestamp Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new Timestamp { UnixMicros = (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond }
            : throw new CommandException($"\"{text}\" is no time; write e.g. 2027-12-31 or 2027-12-31T18:00:00Z.");
}
