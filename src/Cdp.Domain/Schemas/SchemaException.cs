namespace Cdp.Domain.Schemas;

/// <summary>A schema is wrong; stays within this folder.</summary>
internal sealed class SchemaException(string pointer, string message) : Exception(message)
{
    /// <summary>Where, as a JSON pointer.</summary>
    public string Pointer { get; } = pointer;
}
