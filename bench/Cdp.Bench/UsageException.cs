namespace Cdp.Bench;

/// <summary>A benchmark was given arguments that it does not understand; the message tells the remedy.</summary>
internal sealed class UsageException(string message) : Exception(message);
