using Cdp.Node.Api;

namespace Cdp.Node.Commands;

/// <summary>What the commands stand on: streams, clock, environment and the way to a server.</summary>
public sealed record CommandContext
{
    /// <summary>Data and results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens the standard input.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal on which a line can be drawn again.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Reads an environment variable; null if it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Reaches a server; no call is made yet.</summary>
    public required Func<ServerAddress, ICdpApi> Connect { get; init; }
}

/// <summary>Where the server is and who calls.</summary>
/// <param name="Url">Address, e.g. <c>http://127.0.0.1:7878</c>.</param>
/// <param name="Key">Secret of the API key.</param>
public sealed record ServerAddress(Uri Url, string Key)
{
    /// <summary>Names the server, never the key.</summary>
    public override string ToString() => Url.ToString();
}
