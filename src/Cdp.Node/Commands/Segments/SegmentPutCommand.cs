using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.Node.Import;
using Cdp.V1;

namespace Cdp.Node.Commands.Segments;

/// <summary><c>cdp segment put</c>: makes segments or changes them.</summary>
internal static class SegmentPutCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static Command Create(CommandContext context)
    {
        var command = new Command("put", "Makes a segment or changes it. Needs a key with the role admin.");
        var id = new Argument<string?>("id") { Description = "The segment's id: 1 to 64 of a-z, 0-9, '_', '.', '-'.", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var expression = new Argument<string?>("expression") { Description = "Who is in it, e.g. 'orders.count >= 3'; docs/expressions.md describes the language.", HelpName = "EXPRESSION", Arity = ArgumentArity.ZeroOrOne };
        var name = new Option<string?>("--name") { Description = "Name for people.", HelpName = "TEXT" };
        var description = new Option<string?>("--description") { Description = "What it is for.", HelpName = "TEXT" };
        var wait = new Option<bool>("--wait") { Description = "Wait until all customers are evaluated." };
        command.Arguments.Add(id);
        command.Arguments.Add(expression);
        var file = new DefinitionFile<Segment>(command, "segment", id, expression);
        command.Options.Add(name);
        command.Options.Add(description);
        command.Options.Add(wait);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var segments = await file.ReadAsync(context, parsed, cancel) ??
            [
                new Segment
                {
                    Id = parsed.GetRequiredValue(id),
                    Expression = parsed.GetRequiredValue(expression),
                    DisplayName = parsed.GetValue(name) ?? "",
                    Description = parsed.GetValue(description) ?? "",
                },
            ];
            using var api = server.Connect(parsed);
            var stored = new List<GetSegmentResponse>();
            var refused = 0;
            foreach (var segment in segments)
            {
                if (await PutAsync(api, context, segment, cancel))
                    stored.Add(new GetSegmentResponse { Segment = segment });
                else
                    refused++;
            }

            if (parsed.GetValue(wait) && stored.Count > 0)
                await WaitAsync(api, context, stored[^1].Segment.Id, cancel);
            for (var i = 0; i < stored.Count; i++)
                stored[i] = await GetAsync(api, stored[i].Segment.Id, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(stored) : stored.Count > 0 ? SegmentText.Write(stored) : "");
            return refused == 0 ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    /// <summary>Puts one segment; one that is wrong does not keep the others from it.</summary>
    private static async Task<bool> PutAsync(ICdpApi api, CommandContext context, Segment segment, CancellationToken cancel)
    {
        try
        {
            await api.PutSegmentAsync(new PutSegmentRequest { Segment = segment }, cancel);
            return true;
        }
        catch (CdpApiException e) when (e.Status == CdpStatus.InvalidArgument)
        {
            await context.Error.WriteLineAsync($"cdp: {segment.Id}: {e.Reason} {e.Message}");
            return false;
        }
    }

    private static async Task WaitAsync(ICdpApi api, CommandContext context, string id, CancellationToken cancel)
    {
        var started = context.Time.GetTimestamp();
        var line = new StatusLine(context.Error, context.ErrorIsTerminal, context.Time);
        while (true)
        {
            var backfill = (await GetAsync(api, id, cancel)).Backfill;
            if (backfill.Done)
            {
                line.Say(SegmentText.WriteDone(backfill, context.Time.GetElapsedTime(started)));
                return;
            }

            if (line.IsDue)
                line.Show(SegmentText.WriteProgress(backfill));
            await Task.Delay(Pause, context.Time, cancel);
        }
    }

    private static Task<GetSegmentResponse> GetAsync(ICdpApi api, string id, CancellationToken cancel) =>
        api.GetSegmentAsync(new GetSegmentRequest { Id = id }, cancel);
}
