using Orleans.Storage;

namespace Cdp.Orleans.Storage;

/// <summary>Has a grain storage keep the bytes of a <see cref="StoredState"/> as they are.</summary>
public sealed class StoredStateSerializer : IGrainStorageSerializer
{
    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input) => new(((StoredState)(object)input!).Value);

    /// <inheritdoc/>
    public T Deserialize<T>(BinaryData input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return (T)(object)new StoredState { Value = input.ToArray() };
    }
}
