using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Commands.Events;

/// <summary><c>cdp dead-letters</c>: lists events that count for nobody, and publishes them anew.</summary>
internal static class DeadLettersCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CommandContext context)
    {
        var letters = new Command("dead-letters", "Lists events that count for nobody, and publishes them anew. Needs a key with the role admin.");
        letters.Subcommands.Add(List(context));
        letters.Subcommands.Add(Retry(context));
        return letters;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists dead letters, oldest first within each partition.");
        var reason = ReasonOption("Only those with this reason.");
        var source = new Option<string?>("--source") { Description = "Only those of this source.", HelpName = "SOURCE" };
        var all = new Option<bool>("--all") { Description = "Those too that were retried and taken in." };
        var content = new Option<bool>("--content") { Description = "With the events themselves: prints JSON, one a line, each to be repaired and given to retry." };
        command.Options.Add(reason);
        command.Options.Add(source);
        command.Options.Add(all);
        command.Options.Add(content);
        var limit = LimitOption.AddTo(command, "Most to list.");
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var request = new ListDeadLettersRequest
            {
                Reason = parsed.GetValue(reason) ?? "", Source = parsed.GetValue(source) ?? "", WithRetried = parsed.GetValue(all), WithContent = parsed.GetValue(content),
            };
            var found = await ReadAsync(api, request, parsed.GetValue(limit), cancel);
            if (parsed.GetValue(content))
                foreach (var letter in found.DeadLetters) await context.Out.WriteLineAsync(ProtoJson.Line(letter));
            else
                await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(found) : DeadLettersText.Write(found));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Retry(CommandContext context)
    {
        var command = new Command("retry", "Publishes dead letters anew, as they were or repaired. One that is refused again stays as it is.");
        var ids = new Argument<string[]>("id") { Description = "Ids of dead letters, as list prints them.", HelpName = "ID", Arity = ArgumentArity.ZeroOrMore };
        var reason = ReasonOption("All with this reason, instead of ids.");
        var repaired = new Option<string?>("--repaired") { Description = "File of repaired dead letters: the lines of list --content, their \"event\" put right; - reads the standard input.", HelpName = "FILE" };
        command.Arguments.Add(ids);
        command.Options.Add(reason);
        command.Options.Add(repaired);
        command.Validators.Add(result =>
        {
            var given = (result.GetValue(ids) is { Length: > 0 } ? 1 : 0) + (result.GetValue(reason) is null ? 0 : 1) + (result.GetValue(repaired) is null ? 0 : 1);
            if (given != 1)
                result.AddError("Give either ids, or --reason, or --repaired.");
        });
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            List<DeadLetterRetry> retries = parsed.GetValue(repaired) is { } file
                ? await ReadRepairedAsync(context, file, cancel)
                : parsed.GetValue(reason) is { } named
                    ? [.. (await ReadAsync(api, new ListDeadLettersRequest { Reason = named }, int.MaxValue, cancel)).DeadLetters.Select(letter => new DeadLetterRetry { Id = letter.Id })]
                    : [.. parsed.GetRequiredValue(ids).Select(id => new DeadLetterRetry { Id = id })];
            var done = new RetryDeadLettersResponse();
            foreach (var chunk in Chunks(retries))
            {
                var response = await api.RetryDeadLettersAsync(chunk, cancel);
                done.Results.AddRange(response.Results);
                if (response.Token.Length > 0)
                    done.Token = response.Token;
            }

            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(done) : DeadLettersText.Write(done));
            return done.Results.All(result => result.Accepted) ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static Option<string?> ReasonOption(string description) => new("--reason") { Description = description, HelpName = "REASON" };

    /// <summary>Calls of no more than the server takes: 1,000 events and 4 MB.</summary>
    private static IEnumerable<RetryDeadLettersRequest> Chunks(List<DeadLetterRetry> retries)
    {
        const int MostBytes = 3 << 20;
        var (chunk, bytes) = (new RetryDeadLettersRequest(), 0);
        foreach (var retry in retries)
        {
            var size = retry.CalculateSize();
            if (chunk.Retries.Count == PageSize || (bytes + size > MostBytes && chunk.Retries.Count > 0))
            {
                yield return chunk;
                (chunk, bytes) = (new RetryDeadLettersRequest(), 0);
            }

            chunk.Retries.Add(retry);
            bytes += size;
        }

        if (chunk.Retries.Count > 0)
            yield return chunk;
    }

    private static async Task<ListDeadLettersResponse> ReadAsync(ICdpApi api, ListDeadLettersRequest request, int most, CancellationToken cancel)
    {
        var all = new ListDeadLettersResponse();
        do
        {
            request.PageSize = Math.Min(PageSize, most - all.DeadLetters.Count);
            request.PageToken = all.NextPageToken;
            var page = await api.ListDeadLettersAsync(request, cancel);
            all.DeadLetters.AddRange(page.DeadLetters);
            all.NextPageToken = page.NextPageToken;
        }
        while (all.NextPageToken.Length > 0 && all.DeadLetters.Count < most);
        return all;
    }

    private static async Task<List<DeadLetterRetry>> ReadRepairedAsync(CommandContext context, string file, CancellationToken cancel)
    {
        using var reader = new StreamReader(DataArgument.PathOf(file) is { } path ? File.OpenRead(path) : context.OpenInput());
        var retries = new List<DeadLetterRetry>();
        for (var line = 1; await reader.ReadLineAsync(cancel) is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;
            try
            {
                var letter = JsonParser.Default.Parse<DeadLetter>(text);
                if (letter.Id.Length == 0 || letter.Event is null)
                    throw new CommandException($"line {line} has no \"id\" or no \"event\"; write the lines of \"cdp dead-letters list --content\", their events put right.");
                retries.Add(new DeadLetterRetry { Id = letter.Id, Repaired = letter.Event });
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
            {
                throw new CommandException($"line {line} is not a dead letter in JSON: {e.Message}", e);
            }
        }

        return retries;
    }
}
