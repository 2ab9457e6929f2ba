using System.CommandLine;
using System.Globalization;
using Cdp.Domain.Audit;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp audit</c>: says who changed what and who read whom, and verifies that nothing of it was changed.</summary>
internal static class AuditCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var audit = new Command("audit", "Says who changed what and who read whom. Needs a key with the role admin.");
        audit.Subcommands.Add(List(context));
        audit.Subcommands.Add(Verify(context));
        return audit;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists records, oldest first.");
        var subject = new Option<string?>("--subject") { Description = "Only of this customer, segment, key ...", HelpName = "ID" };
        var actor = new Option<string?>("--actor") { Description = "Only by this key or token.", HelpName = "ID" };
        var acts = new Option<bool>("--acts") { Description = "Only acts, no reads." };
        var since = DurationOption.Create("--since", "Only of so long ago or later");
        command.Options.Add(subject);
        command.Options.Add(actor);
        command.Options.Add(acts);
        command.Options.Add(since);
        var limit = LimitOption.AddTo(command, "Most to list.");
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var request = new ListAuditRecordsRequest
            {
                Subject = parsed.GetValue(subject) ?? "",
                Actor = parsed.GetValue(actor) ?? "",
                Kind = parsed.GetValue(acts) ? AuditKind.Act : AuditKind.Unspecified,
                From = parsed.GetValue(since) is { } ago ? new Timestamp { UnixMicros = (context.Time.GetUtcNow() - ago).ToUnixTimeMilliseconds() * 1_000 } : null,
            };
            var found = await ReadAsync(api, request, parsed.GetValue(limit), cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(found) : AuditText.Write(found));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Verify(CommandContext context)
    {
        var command = new Command("verify", "Reads the whole log and makes its chain of hashes anew. Ends with 1 where something was changed, taken out or put in.");
        var head = new Option<string?>("--head")
        {
            Description = "A head that was printed before, and kept elsewhere: it has to be among what is there, so that nobody made the chain anew.", HelpName = "NUMBER:HEX",
        };
        command.Options.Add(head);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var expected = parsed.GetValue(head);
            var chain = new AuditChain();
            var found = expected is null;
            await foreach (var response in api.ReadAuditBlocksAsync(new ReadAuditBlocksRequest(), cancel).WithCancellation(cancel))
            {
                foreach (var block in response.Blocks)
                {
                    if (chain.Add(block.Span) is { } wrong)
                        return await FailAsync(context, wrong);
                    found = found || string.Equals(chain.Head, expected, StringComparison.Ordinal);
                }
            }

            if (!found)
                return await FailAsync(context, string.Create(CultureInfo.InvariantCulture, $"The head {expected} is not among its {chain.Blocks} blocks: the log was made anew, cut, or is another's."));
            await context.Out.WriteAsync(parsed.GetValue(json) ? AuditText.WriteJson(chain) : AuditText.Write(chain));
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> FailAsync(CommandContext context, string wrong)
    {
        await context.Error.WriteLineAsync($"cdp: the audit log is not as it was written. {wrong}");
        return ExitCode.Failure;
    }

    private static async Task<ListAuditRecordsResponse> ReadAsync(ICdpApi api, ListAuditRecordsRequest request, int limit, CancellationToken cancel)
    {
        var all = new ListAuditRecordsResponse();
        do
        {
            request.PageSize = Math.Min(PageSize, limit - all.Records.Count);
            var page = await api.ListAuditRecordsAsync(request, cancel);
            all.Records.Add(page.Records);
            request.PageToken = all.NextPageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0 && all.Records.Count < limit);
        return all;
    }
}
