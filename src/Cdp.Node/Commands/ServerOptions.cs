using System.CommandLine;
using Cdp.Node.Api;

namespace Cdp.Node.Commands;

/// <summary>The options that say where the server is and who calls.</summary>
internal sealed class ServerOptions
{
    private const string DefaultUrl = "http://127.0.0.1:7878";

    private readonly CommandContext _context;
    private readonly Option<string?> _server = new("--server") { Description = $"Server to talk to; default: CDP_URL, else {DefaultUrl}.", HelpName = "URL" };
    private readonly Option<string?> _key = new("--key") { Description = "Secret of the API key; default: CDP_KEY.", HelpName = "KEY" };
    private readonly Option<string?> _keyFile = new("--key-file") { Description = "File that holds the secret; default: CDP_KEY_FILE.", HelpName = "FILE" };

    public ServerOptions(CommandContext context, Command command)
    {
        _context = context;
        command.Options.Add(_server);
        command.Options.Add(_key);
        command.Options.Add(_keyFile);
    }

    public ServerAddress Address(ParseResult parsed)
    {
        var text = parsed.GetValue(_server) ?? Set("CDP_URL") ?? DefaultUrl;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new CommandException($"\"{text}\" is not an address of a server; write one like {DefaultUrl} with --server or in CDP_URL.");
        var key = Key(parsed) ?? throw new CommandException(
            "No API key is given; name one with --key or --key-file, or set CDP_KEY or CDP_KEY_FILE.");
        return new ServerAddress(url, key);
    }

    public ICdpApi Connect(ParseResult parsed) => _context.Connect(Address(parsed));

    private string? Key(ParseResult parsed)
    {
        if (parsed.GetValue(_key) is { } given)
            return given;
        if (parsed.GetValue(_keyFile) is { } file)
            return FromFile(file);
        return Set("CDP_KEY") ?? (Set("CDP_KEY_FILE") is { } named ? FromFile(named) : null);
    }

    private string? Set(string variable) => _context.Variable(variable) is { Length: > 0 } value ? value : null;

    private static string FromFile(string path)
    {
        var key = File.ReadAllText(path).Trim();
        return key.Length > 0 ? key : throw new CommandException($"The key file {path} is empty; write the key's secret into it.");
    }
}
