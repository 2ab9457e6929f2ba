using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>A method of a service as its client sees it.</summary>
public sealed class ClientMethod<TRequest, TReply>
    where TRequest : class, IMessage<TRequest>
    where TReply : class, IMessage<TReply>
{
    /// <summary>Finds a method in a service's descriptor.</summary>
    /// <exception cref="ArgumentException">The service has no such method, or one of other types.</exception>
    public ClientMethod(ServiceDescriptor service, string name)
    {
        ArgumentNullException.ThrowIfNull(service);
        var method = service.FindMethodByName(name)
            ?? throw new ArgumentException($"Service {service.FullName} has no method {name}.", nameof(name));
        if (method.InputType.ClrType != typeof(TRequest) || method.OutputType.ClrType != typeof(TReply))
        {
            throw new ArgumentException(
                $"{method.FullName} takes {method.InputType.ClrType} and returns {method.OutputType.ClrType}.", nameof(name));
        }

        Path = $"/{service.FullName}/{name}";
        Parser = (MessageParser<TReply>)method.OutputType.Parser;
    }

    /// <summary>Path of the method, e.g. "/cdp.v1.Ingest/PublishEvents".</summary>
    public string Path { get; }

    internal MessageParser<TReply> Parser { get; }
}
