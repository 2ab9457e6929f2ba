namespace Cdp.Orleans.Storage;

/// <summary>A state as a grain storage of Orleans keeps it.</summary>
[GenerateSerializer]
[Alias("cdp.state")]
public sealed class StoredState
{
    /// <summary>The bytes.</summary>
    [Id(0)]
    public byte[] Value { get; set; } = [];
}
