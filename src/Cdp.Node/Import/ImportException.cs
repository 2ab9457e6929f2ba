namespace Cdp.Node.Import;

/// <summary>An import that cannot go on; the message says why and what to do.</summary>
public sealed class ImportException : Exception
{
    /// <summary>Says why and what to do.</summary>
    public ImportException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
