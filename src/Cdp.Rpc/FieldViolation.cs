namespace Cdp.Rpc;

/// <summary>One wrong field of a request.</summary>
/// <param name="Field">Path of the field, e.g. "identifiers[2].value".</param>
/// <param name="Description">What is wrong with it and what is expected.</param>
public sealed record FieldViolation(string Field, string Description);
