using System.CommandLine;
using Cdp.Node.Hosting;

namespace Cdp.Node.Commands;

/// <summary>The options with which a command names a store.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string?> _data = new("--data") { Description = "Directory that holds the data; default: data.", HelpName = "DIR" };
    private readonly Option<string?> _postgres = new("--postgres")
    {
        Description = "PostgreSQL database that holds the data instead: postgres://USER:PASSWORD@HOST:PORT/DATABASE. Others of the machine may see an option: the setting Cdp:Postgres keeps a password from them.",
        HelpName = "ADDRESS",
    };

    /// <summary>Adds the options to a command.</summary>
    public StoreOptions(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_postgres);
    }

    /// <summary>The settings, with what the command names.</summary>
    public NodeOptions Apply(ParseResult parsed, NodeOptions options) => options with
    {
        DataDirectory = parsed.GetValue(_data) ?? options.DataDirectory,

        // A directory that is named is meant, whatever the settings say.
        Postgres = parsed.GetValue(_postgres) ?? (parsed.GetValue(_data) is null ? options.Postgres : null),
    };
}
