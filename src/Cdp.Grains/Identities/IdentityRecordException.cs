namespace Cdp.Grains.Identities;

/// <summary>
/// The identity record could not be appended to; the activation is dropped and the question may be asked again.
/// </summary>
public sealed class IdentityRecordException : IOException
{
    /// <summary>Makes one.</summary>
    public IdentityRecordException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
