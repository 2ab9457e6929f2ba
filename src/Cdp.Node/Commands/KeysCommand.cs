using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp keys</c>: creates, lists and revokes API keys.</summary>
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
        var keys = new Command("keys", "Creates, lists and revokes API keys. Needs a key with the role admin.");
        keys.Subcommands.Add(CreateKey(context));
        keys.Subcommands.Add(List(context));
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
        var tenant = TenantOption();
        command.Options.Add(role);
        command.Options.Add(source);
        command.Options.Add(purpose);
        command.Options.Add(description);
        command.Options.Add(tenant);
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
            answer => KeysText.Write(answer.Keys));
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
            answer => KeysText.Write([answer.Key]));
        return command;
    }

    private static Option<string?> TenantOption() =>
        new("--tenant") { Description = "Another tenant than the key's own; only for the operator's key.", HelpName = "TENANT" };
}
