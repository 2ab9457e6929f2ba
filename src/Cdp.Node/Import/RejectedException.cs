namespace Cdp.Node.Import;

/// <summary>Leaves the mapping of one line; caught by <see cref="EventMapper"/> and turned into a value there.</summary>
internal sealed class RejectedException : Exception
{
    public RejectedException(string reason, string field, string message)
        : base(message)
    {
        Rejection = new Rejection(reason, field, message);
    }

    public Rejection Rejection { get; }
}
