namespace Cdp.Grains;

/// <summary>
/// Another activation wrote first: this one no longer owns its key and was dropped. The call may be sent again and
/// then reaches the owner.
/// </summary>
public sealed class OwnershipLostException(string key)
    : Exception($"Another activation of '{key}' wrote first; this one is dropped. Send the call again.");
