using System.CommandLine;

namespace Cdp.Node.Commands;

/// <summary>The argument with which a command names the data that it sends: a file, or the standard input.</summary>
internal sealed class DataArgument
{
    private readonly Argument<string> _file;

    /// <param name="command">The command.</param>
    /// <param name="what">What the data are.</param>
    public DataArgument(Command command, string what)
    {
        _file = new Argument<string>("file") { Description = $"{what}; - reads the standard input.", HelpName = "FILE" };
        command.Arguments.Add(_file);
    }

    /// <summary>The file's path; null: the standard input.</summary>
    /// <exception cref="CommandException">There is no such file.</exception>
    public string? Path(ParseResult parsed) => PathOf(parsed.GetRequiredValue(_file));

    /// <summary>The path that a text names; null: the standard input.</summary>
    /// <exception cref="CommandException">There is no such file.</exception>
    public static string? PathOf(string text)
    {
        if (string.Equals(text, "-", StringComparison.Ordinal)) return null;
        return File.Exists(text) ? text : throw new CommandException($"There is no file {text}; check the path, or write - for the standard input.");
    }
}
