using System.CommandLine;
using System.Text.Json;
using Google.Protobuf;

namespace Cdp.Node.Commands;

/// <summary>The option <c>--file</c>: definitions as the contract's JSON has them, a list or one a line.</summary>
/// <typeparam name="T">What is defined.</typeparam>
internal sealed class DefinitionFile<T>
    where T : IMessage<T>, new()
{
    private readonly string _noun;
    private readonly Option<string?> _file;

    /// <param name="command">The command.</param>
    /// <param name="noun">What one of them is called.</param>
    /// <param name="arguments">What has to be given where no file is, and cannot be where one is.</param>
    public DefinitionFile(Command command, string noun, params Argument<string?>[] arguments)
    {
        _noun = noun;
        var instead = arguments.Length > 0 ? ", instead of the arguments" : "";
        _file = new("--file") { Description = $"File of {noun}s in JSON, a list or one a line{instead}; - reads the standard input.", HelpName = "FILE" };
        command.Options.Add(_file);
        command.Validators.Add(result =>
        {
            var isGiven = result.GetValue(_file) is not null;
            if (arguments.Length == 0 && !isGiven)
                result.AddError("Give --file.");
            else if (arguments.Any(argument => result.GetValue(argument) is null == !isGiven))
                result.AddError($"Give either {string.Join(" and ", arguments.Select(argument => argument.HelpName))} or --file.");
        });
    }

    /// <summary>The definitions of the file; null where none was given.</summary>
    /// <exception cref="CommandException">The file is not there, or holds something else.</exception>
    public async Task<IReadOnlyList<T>?> ReadAsync(CommandContext context, ParseResult parsed, CancellationToken cancel)
    {
        if (parsed.GetValue(_file) is not { } file)
            return null;
        using var reader = new StreamReader(DataArgument.PathOf(file) is { } path ? File.OpenRead(path) : context.OpenInput());
        var text = await reader.ReadToEndAsync(cancel);
        var read = text.TrimStart().StartsWith('[') ? OfList(text) : OfLines(text);
        return read.Count > 0 ? read : throw new CommandException($"There is no {_noun} in {file}; write one a line, in JSON.");
    }

    private List<T> OfLines(string text) =>
        [.. text.Split('\n').Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)).Select(line => Parse(line.Item, $"line {line.Index + 1}"))];

    private List<T> OfList(string text)
    {
        try
        {
            using var list = JsonDocument.Parse(text);
            return [.. list.RootElement.EnumerateArray().Index().Select(element => Parse(element.Item.GetRawText(), $"entry {element.Index + 1}"))];
        }
        catch (JsonException e)
        {
            throw new CommandException($"The list of {_noun}s is not JSON: {e.Message}", e);
        }
    }

    private T Parse(string json, string where)
    {
        try
        {
            return JsonParser.Default.Parse<T>(json);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CommandException($"{where} is not {(_noun[0] == 'a' ? "an" : "a")} {_noun} in JSON: {e.Message}", e);
        }
    }
}
