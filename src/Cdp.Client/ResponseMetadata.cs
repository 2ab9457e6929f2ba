namespace Cdp.Client;

/// <summary>The metadata that a server sent with its response. Belongs to one call.</summary>
public sealed class ResponseMetadata
{
    /// <summary>What came before the first message.</summary>
    public CallMetadata Headers { get; internal set; } = [];

    /// <summary>What came with the status.</summary>
    public CallMetadata Trailers { get; internal set; } = [];
}
