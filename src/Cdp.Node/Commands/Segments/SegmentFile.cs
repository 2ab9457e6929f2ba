using System.CommandLine;
using System.Text.Json;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Commands.Segments;

/// <summary>The option <c>--file</c>: segments as the contract's JSON has them, a list or one a line.</summary>
internal sealed class SegmentFile
{
    private readonly Option<string?> _file = new("--file")
    {
        Description = "File of segments in JSON, a list or one a line, instead of the arguments; - reads the standard input.",
        HelpName = "FILE",
    };

    /// <param name="command">The command.</param>
    /// <param name="arguments">What has to be given where no file is, and cannot be where one is.</param>
    public SegmentFile(Command command, params Argument<string?>[] arguments)
    {
        command.Options.Add(_file);
        command.Validators.Add(result =>
        {
            var isGiven = result.GetValue(_file) is not null;
            if (arguments.Any(argument => result.GetValue(argument) is null == !isGiven))
                result.AddError($"Give either {string.Join(" and ", arguments.Select(argument => argument.HelpName))} or --file.");
        });
    }

    /// <summary>The segments of the file; null where none was given.</summary>
    /// <exception cref="CommandException">The file is not there, or holds something else.</exception>
    public async Task<IReadOnlyList<Segment>?> ReadAsync(CommandContext context, ParseResult parsed, CancellationToken cancel)
    {
        if (parsed.GetValue(_file) is not { } file)
            return null;
        using var reader = new StreamReader(DataArgument.PathOf(file) is { } path ? File.OpenRead(path) : context.OpenInput());
        var text = await reader.ReadToEndAsync(cancel);
        var segments = text.TrimStart().StartsWith('[') ? OfList(text) : OfLines(text);
        return segments.Count > 0 ? segments : throw new CommandException($"There is no segment in {file}; write one a line, in JSON.");
    }

    private static List<Segment> OfLines(string text) =>
        [.. text.Split('\n').Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)).Select(line => Parse(line.Item, $"line {line.Index + 1}"))];

    private static List<Segment> OfList(string text)
    {
        try
        {
            using var list = JsonDocument.Parse(text);
            return [.. list.RootElement.EnumerateArray().Index().Select(element => Parse(element.Item.GetRawText(), $"entry {element.Index + 1}"))];
        }
        catch (JsonException e)
        {
            throw new CommandException($"The list of segments is not JSON: {e.Message}", e);
        }
    }

    private static Segment Parse(string json, string where)
    {
        try
        {
            return JsonParser.Default.Parse<Segment>(json);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CommandException($"{where} is not a segment in JSON: {e.Message}", e);
        }
    }
}
