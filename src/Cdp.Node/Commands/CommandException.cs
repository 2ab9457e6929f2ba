namespace Cdp.Node.Commands;

/// <summary>A command that cannot do its work; the message says why and what to do.</summary>
public sealed class CommandException : Exception
{
    /// <summary>Says why and what to do.</summary>
    public CommandException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
