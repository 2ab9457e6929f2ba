using Azure.Core;
using Azure.Identity;

namespace Cdp.Azure;

/// <summary>The identity of this machine, one for all clients: it remembers its tokens.</summary>
internal static class MachineIdentity
{
    /// <summary>Finds and keeps tokens; asks for the first one when a client needs it.</summary>
    public static TokenCredential Credential { get; } = new DefaultAzureCredential();
}
