using System.CommandLine;
using Cdp.Domain.Events;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp keys</c>: creates, lists, rotates and revokes API keys.</summary>
internal static class KeysCommand
{
    private static readonly Dictionary<string, Role> Roles = new(StringComparer.Ordinal)
    {
        ["writer"] = Role.Writer,
        ["reader"] = Role.Reader,
        ["decider"] = Role.Decider,
        ["admin"] = Role.Admin,
    };

    public static Command Create(CommandContext context)
    {
        var keys = new Command("keys", "Creates, lists, rotates and revokes API keys. Needs a key with the role admin.");
        keys.Subcommands.Add(CreateKey(context));
        keys.Subcommands.Add(List(context));
        keys.Subcommands.Add(Rotate(context));
        keys.Subcommands.Add(Revoke(context));
        return keys;
    }

    private static Command CreateKey(CommandContext context)
    {
        var command = new Command("create", "Creates a key and prints its secret, which is shown only this once.");
        var role = new Option<string[]>("--role") { Description = "What the key may do; may be given several times.", HelpName = "ROLE", Required = true, AllowMultipleArgumentsPerToken = true };
        role.AcceptOnlyFromAmong([.. Roles.Keys]);
        var source = new Option<string?>("--source") { Description = "Source of events that name none.", HelpName = "SOURCE" };
        var purpose = new Option<string?>("--purpose") { Description = "Purpose of reads that name none.", HelpName = "PURPOSE" };
        var description = new Option<string?>("--description") { Description = "What the key is for.", HelpName = "TEXT" };
        var channels = Names("--channel", "CHANNEL", "Publishes only events of this channel; may be given several times.");
        var types = Names("--event-type", "TYPE", "Publishes only events of this type; may be given several times.");
        var bound = new Option<bool>("--source-bound") { Description = "Publishes only events of its --source." };
        var expires = DurationOption.Create("--expires-in", "The key is refused after that time");
        var rate = Rate("--rate", "Most calls a second, on each server.");
        var eventRate = Rate("--event-rate", "Most events a second that it publishes, on each server.");
        var tenant = TenantOption();
        foreach (var option in (Option[])[role, source, purpose, description, channels, types, bound, expires, rate, eventRate, tenant]) command.Options.Add(option);
        command.SetCall(
            context,
            (api, parsed, cancel) =>
            {
                var request = new CreateKeyRequest
                {
                    Source = parsed.GetValue(source) ?? "",
                    DefaultPurpose = parsed.GetValue(purpose) ?? "",
                    Description = parsed.GetValue(description) ?? "",
                    TenantId = parsed.GetValue(tenant) ?? "",
                    AllowedChannels = { parsed.GetValue(channels) ?? [] },
                    AllowedEventTypes = { parsed.GetValue(types) ?? [] },
                    SourceBound = parsed.GetValue(bound),
                    ExpiresAt = parsed.GetValue(expires) is { } time ? new Timestamp { UnixMicros = UnixTime.Micros(context.Time.GetUtcNow() + time) } : null,
                    RequestsPerSecond = parsed.GetValue(rate),
                    EventsPerSecond = parsed.GetValue(eventRate),
                };
                request.Roles.AddRange(parsed.GetRequiredValue(role).Select(name => Roles[name]).Distinct());
                return api.CreateKeyAsync(request, cancel);
            },
            KeysText.WriteCreated);
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the keys; secrets are never shown again.");
        var tenant = TenantOption();
        command.Options.Add(tenant);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.ListKeysAsync(new ListKeysRequest { TenantId = parsed.GetValue(tenant) ?? "" }, cancel),
            answer => KeysText.Write(answer.Keys, context.Time.GetUtcNow()));
        return command;
    }

    private static Command Revoke(CommandContext context)
    {
        var command = new Command("revoke", "Revokes a key; calls with it are refused from then on.");
        var id = new Argument<string>("id") { Description = "The key's id, as 'cdp keys list' shows it." };
        var tenant = TenantOption();
        command.Arguments.Add(id);
        command.Options.Add(tenant);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.RevokeKeyAsync(
                new RevokeKeyRequest { KeyId = parsed.GetRequiredValue(id), TenantId = parsed.GetValue(tenant) ?? "" }, cancel),
            answer => KeysText.Write([answer.Key], context.Time.GetUtcNow()));
        return command;
    }

    private static Command Rotate(CommandContext context)
    {
        var command = new Command("rotate", "Gives a key a new secret and prints it, only this once. The former one works on for the overlap.");
        var id = new Argument<string>("id") { Description = "The key's id, as 'cdp keys list' shows it." };
        var overlap = DurationOption.Create("--overlap", "How long the former secret works on, up to 30d; 7d if not given, 0s ends it at once");
        var tenant = TenantOption();
        command.Arguments.Add(id);
        command.Options.Add(overlap);
        command.Options.Add(tenant);
        command.SetCall(
            context,
            (api, parsed, cancel) =>
            {
                var request = new RotateKeyRequest { KeyId = parsed.GetRequiredValue(id), TenantId = parsed.GetValue(tenant) ?? "" };
                if (parsed.GetValue(overlap) is { } time) request.OverlapSeconds = (long)time.TotalSeconds;
                return api.RotateKeyAsync(request, cancel);
            },
            KeysText.WriteRotated);
        return command;
    }

    private static Option<string[]?> Names(string name, string what, string description) => new(name) { Description = description, HelpName = what };

    private static Option<int> Rate(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static Option<string?> TenantOption() =>
        new("--tenant") { Description = "Another tenant than the key's own; only for the operator's key.", HelpName = "TENANT" };
}
