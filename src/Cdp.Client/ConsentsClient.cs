using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Client;

/// <summary>Client of <c>cdp.v1.Consents</c>: what customers allow their data to be used for.</summary>
public sealed class ConsentsClient(RpcChannel channel)
{
    private readonly ClientMethod<RecordConsentRequest, RecordConsentResponse> _recordConsent = new(Service, "RecordConsent");
    private readonly ClientMethod<GetConsentsRequest, GetConsentsResponse> _getConsents = new(Service, "GetConsents");

    private static ServiceDescriptor Service => ConsentsReflection.Descriptor.FindTypeByName<ServiceDescriptor>("Consents");

    /// <summary>Records what a customer allowed or refused; in force when it returns.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<RecordConsentResponse> RecordConsentAsync(RecordConsentRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_recordConsent, request, options, cancellationToken);

    /// <summary>Reads what a customer allows.</summary>
    /// <exception cref="CallException">The call ended with a status other than OK.</exception>
    public Task<GetConsentsResponse> GetConsentsAsync(GetConsentsRequest request, CallOptions? options = null, CancellationToken cancellationToken = default) =>
        channel.UnaryAsync(_getConsents, request, options, cancellationToken);
}
