using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands.Events;

/// <summary><c>cdp event-type</c>: gives types of events a schema, tells how often they break it, and says how long they are kept.</summary>
internal static class EventTypeCommand
{
    private static readonly Dictionary<string, SchemaMode> Modes = new(StringComparer.Ordinal)
    {
        ["off"] = SchemaMode.Off,
        ["warn"] = SchemaMode.Warn,
        ["reject"] = SchemaMode.Reject,
    };

    public static Command Create(CommandContext context)
    {
        var type = new Command("event-type", "Gives types of events a schema, lists them, tells how often events break it, and says how long they are kept. Needs a key with the role admin.");
        type.Subcommands.Add(List(context));
        type.Subcommands.Add(Schema(context));
        type.Subcommands.Add(Violations(context));
        type.Subcommands.Add(Keep(context));
        return type;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the types that were declared.");
        command.SetCall(context, (api, _, cancel) => api.ListEventTypesAsync(new ListEventTypesRequest(), cancel), EventTypeText.Write);
        return command;
    }

    private static Command Schema(CommandContext context)
    {
        var command = new Command("schema", "Gives a type a schema (docs/schemas.md), or changes what becomes of events that break it.");
        var name = Name();
        var file = new Option<string?>("--file") { Description = "The schema: JSON Schema for the events' properties; - reads the standard input. Default: the schema stays.", HelpName = "FILE" };
        var mode = new Option<string?>("--mode") { Description = "off: nothing is checked; warn: the event counts, the sender is told; reject: it is refused. Default: stays, warn for a new one.", HelpName = "MODE" };
        mode.AcceptOnlyFromAmong([.. Modes.Keys]);
        command.Arguments.Add(name);
        command.Options.Add(file);
        command.Options.Add(mode);
        command.Validators.Add(result =>
        {
            if (result.GetResult(file) is null && result.GetResult(mode) is null)
                result.AddError("Give --file, --mode or both.");
        });
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var type = await FindAsync(api, parsed.GetRequiredValue(name), cancel);
                if (parsed.GetValue(file) is { } path)
                {
                    using var reader = new StreamReader(DataArgument.PathOf(path) is { } named ? File.OpenRead(named) : context.OpenInput());
                    type.Schema = await reader.ReadToEndAsync(cancel);
                }

                if (parsed.GetValue(mode) is { } text)
                    type.SchemaMode = Modes[text];
                return await PutAsync(api, type, cancel);
            },
            EventTypeText.Write);
        return command;
    }

    private static Command Violations(CommandContext context)
    {
        var command = new Command("violations", "Tells how often events broke the schemas of their types, most often first.");
        var type = new Option<string?>("--type") { Description = "Only events of this type.", HelpName = "TYPE" };
        var source = new Option<string?>("--source") { Description = "Only events of this source.", HelpName = "SOURCE" };
        command.Options.Add(type);
        command.Options.Add(source);
        command.SetCall(
            context,
            (api, parsed, cancel) => api.ListSchemaViolationsAsync(
                new ListSchemaViolationsRequest { EventType = parsed.GetValue(type) ?? "", Source = parsed.GetValue(source) ?? "" }, cancel),
            EventTypeText.Write);
        return command;
    }

    private static Command Keep(CommandContext context)
    {
        var command = new Command("keep", "Says how long the content of a type's events is kept (docs/retention.md). 'cdp tenants keep' says it of all others.");
        var name = Name();
        var time = KeptArgument.Create(ofType: true);
        command.Arguments.Add(name);
        command.Arguments.Add(time);
        command.SetCall(
            context,
            async (api, parsed, cancel) =>
            {
                var type = await FindAsync(api, parsed.GetRequiredValue(name), cancel);
                type.EventDays = parsed.GetValue(time);
                return await PutAsync(api, type, cancel);
            },
            EventTypeText.Write);
        return command;
    }

    private static Argument<string> Name() => new("type") { Description = "The type's name, exactly.", HelpName = "TYPE" };

    /// <summary>The type as it is declared; else one that means what its name says.</summary>
    private static async Task<EventType> FindAsync(ICdpApi api, string name, CancellationToken cancel)
    {
        var known = await api.ListEventTypesAsync(new ListEventTypesRequest(), cancel);
        return known.EventTypes.FirstOrDefault(type => type.Name == name)?.Clone() ?? new EventType { Name = name };
    }

    private static async Task<ListEventTypesResponse> PutAsync(ICdpApi api, EventType type, CancellationToken cancel)
    {
        var put = await api.PutEventTypeAsync(new PutEventTypeRequest { EventType = type }, cancel);
        return new ListEventTypesResponse { EventTypes = { put.EventType } };
    }
}
