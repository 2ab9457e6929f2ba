using Google.Protobuf;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;

namespace Cdp.Orleans.Messages;

/// <summary>
/// Lets protobuf messages cross silos in their own bytes. A message once sent is frozen, so that within a silo it is handed
/// over as it is.
/// </summary>
internal sealed class MessageCodecs : ISpecializableCodec, IGeneralizedCopier, ITypeFilter
{
    /// <inheritdoc/>
    public bool IsSupportedType(Type type) => typeof(IMessage).IsAssignableFrom(type) && type is { IsAbstract: false, IsInterface: false };

    /// <inheritdoc/>
    public IFieldCodec GetSpecializedCodec(Type type) => (IFieldCodec)Activator.CreateInstance(typeof(MessageCodec<>).MakeGenericType(type))!;

    /// <inheritdoc/>
    public bool? IsTypeAllowed(Type type) => IsSupportedType(type) ? true : null;

    /// <inheritdoc/>
    public object? DeepCopy(object? input, CopyContext context) => input;
}
