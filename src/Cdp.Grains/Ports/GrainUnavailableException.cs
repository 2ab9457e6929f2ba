namespace Cdp.Grains.Ports;

/// <summary>
/// A call was not served because its engine stops, or because the grain gave itself up while it loaded. The call had
/// no effect; the same call may be sent again to a running engine.
/// </summary>
public sealed class GrainUnavailableException : Exception
{
    /// <summary>Creates the exception without a text.</summary>
    public GrainUnavailableException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was not available and why.</param>
    public GrainUnavailableException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">What was not available and why.</param>
    /// <param name="innerException">The cause.</param>
    public GrainUnavailableException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
