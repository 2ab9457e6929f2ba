using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp tenants</c>: lists, creates and deletes tenants, and says how long they keep events.</summary>
internal static class TenantsCommand
{
    public static Command Create(CommandContext context)
    {
        var tenants = new Command("tenants", "Lists, creates and deletes tenants, and says how long they keep events. Needs the operator's key; for the tenant of another one, its role admin is enough to keep.");
        tenants.Subcommands.Add(List(context));
        tenants.Subcommands.Add(CreateTenant(context));
        tenants.Subcommands.Add(Keep(context));
        tenants.Subcommands.Add(Delete(context));
        return tenants;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the tenants, and those that are being deleted.");
        command.SetCall(context, (api, _, cancel) => api.ListTenantsAsync(new ListTenantsRequest(), cancel), answer => TenantsText.Write(answer.Tenants));
        return command;
    }

    private static Command CreateTenant(CommandContext context)
    {
        var command = new Command("create", "Makes a tenant. 'cdp keys create --tenant ID' makes its first key.");
        var id = new Argument<string>("id") { Description = "1 to 40 of a-z, 0-9 and '-'; never changed." };
        var name = Text("--name", "TEXT", "What people call it.");
        var zone = Text("--time-zone", "ZONE", "IANA name, e.g. Europe/Berlin; read for times without an offset.");
        var currency = Text("--currency", "CODE", "ISO 4217, e.g. EUR; read for amounts without a currency.");
        var country = Text("--country", "CODE", "ISO 3166-1 alpha-2, e.g. DE; read for national phone numbers.");
        command.Arguments.Add(id);
        foreach (var option in (Option[])[name, zone, currency, country]) command.Options.Add(option);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var tenant = new Tenant
                {
                    Id = parsed.GetRequiredValue(id),
                    DisplayName = parsed.GetValue(name) ?? "",
                    TimeZone = parsed.GetValue(zone) ?? "",
                    CurrencyCode = parsed.GetValue(currency) ?? "",
                    CountryCode = parsed.GetValue(country) ?? "",
                };

                // Putting one that is there would change its settings.
                if ((await api.ListTenantsAsync(new ListTenantsRequest(), cancel)).Tenants.Any(known => known.Id == tenant.Id))
                    throw new CommandException($"There is a tenant '{tenant.Id}'. Choose another id, or change it with PutTenant.");
                return await api.PutTenantAsync(new PutTenantRequest { Tenant = tenant }, cancel);
            },
            answer => TenantsText.Write([answer.Tenant]));
        return command;
    }

    private static Command Keep(CommandContext context)
    {
        var command = new Command("keep", "Says how long a tenant keeps the content of events (docs/retention.md). 'cdp event-type keep' says it of one type.");
        var id = new Argument<string>("id") { Description = "The tenant's id, as 'cdp tenants list' shows it." };
        var time = KeptArgument.Create(ofType: false);
        command.Arguments.Add(id);
        command.Arguments.Add(time);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var wanted = parsed.GetRequiredValue(id);

                // Of another tenant than that of the key, with the operator's key only.
                var known = (await api.GetTenantAsync(new GetTenantRequest(), cancel)).Tenant;
                if (known.Id != wanted)
                {
                    known = (await api.ListTenantsAsync(new ListTenantsRequest(), cancel)).Tenants.FirstOrDefault(tenant => tenant.Id == wanted)
                        ?? throw new CommandException($"There is no tenant '{wanted}'. 'cdp tenants list' shows those that there are.");
                }

                known = known.Clone();
                known.EventDays = parsed.GetValue(time);
                return await api.PutTenantAsync(new PutTenantRequest { Tenant = known }, cancel);
            },
            answer => TenantsText.Write([answer.Tenant]));
        return command;
    }

    private static Command Delete(CommandContext context)
    {
        var command = new Command("delete", "Deletes a tenant with everything that is kept of it, for good.");
        var id = new Argument<string>("id") { Description = "The tenant's id, as 'cdp tenants list' shows it." };
        var sure = new Option<bool>("--yes") { Description = "Really do it: nothing brings it back." };
        command.Arguments.Add(id);
        command.Options.Add(sure);
        command.SetCall(
            context,
            (api, parsed, cancel) => parsed.GetValue(sure)
                ? api.DeleteTenantAsync(new DeleteTenantRequest { TenantId = parsed.GetRequiredValue(id) }, cancel)
                : throw new CommandException("The deletion of a tenant cannot be undone: its customers, their events and its keys go, and its id is never used again. Add --yes."),
            TenantsText.WriteDeleted);
        return command;
    }

    private static Option<string?> Text(string name, string what, string description) => new(name) { Description = description, HelpName = what };
}
