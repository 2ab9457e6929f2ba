namespace Cdp.Client;

/// <summary>
/// A client of one server: every method of its public API (<c>cdp.v1</c>), typed. Make one and share it; safe for use
/// by many threads.
/// </summary>
public sealed class CdpClient : IDisposable
{
    private readonly RpcChannel _channel;

    /// <summary>Makes a client; nothing is sent before the first call.</summary>
    /// <param name="address">The server, e.g. "http://localhost:5080".</param>
    /// <param name="apiKey">The secret of an API key.</param>
    /// <param name="options">How to reach the server; its bearer token is replaced by <paramref name="apiKey"/>.</param>
    public CdpClient(Uri address, string apiKey, RpcChannelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(apiKey);
        _channel = new RpcChannel(address, (options ?? new RpcChannelOptions()) with { BearerToken = apiKey });
        Ingest = new IngestClient(_channel);
        Interactions = new InteractionsClient(_channel);
        Profiles = new ProfilesClient(_channel);
        Identities = new IdentitiesClient(_channel);
        Consents = new ConsentsClient(_channel);
        Privacy = new PrivacyClient(_channel);
        Events = new EventsClient(_channel);
        Segments = new SegmentsClient(_channel);
        Decisions = new DecisionsClient(_channel);
        Admin = new AdminClient(_channel);
        Audits = new AuditsClient(_channel);
        Operations = new OperationsClient(_channel);
    }

    /// <summary>Takes in events.</summary>
    public IngestClient Ingest { get; }

    /// <summary>One touch of a customer with a channel, in one call.</summary>
    public InteractionsClient Interactions { get; }

    /// <summary>Reads customers.</summary>
    public ProfilesClient Profiles { get; }

    /// <summary>Recognises customers.</summary>
    public IdentitiesClient Identities { get; }

    /// <summary>What customers allow their data to be used for.</summary>
    public ConsentsClient Consents { get; }

    /// <summary>What a customer may ask for: to be forgotten, to be told everything, to be left alone.</summary>
    public PrivacyClient Privacy { get; }

    /// <summary>What became of events.</summary>
    public EventsClient Events { get; }

    /// <summary>Audiences, who is in them, and why.</summary>
    public SegmentsClient Segments { get; }

    /// <summary>What now, for this customer?</summary>
    public DecisionsClient Decisions { get; }

    /// <summary>Tenants, keys and what events mean.</summary>
    public AdminClient Admin { get; }

    /// <summary>Who changed what, and who read whom.</summary>
    public AuditsClient Audits { get; }

    /// <summary>What whoever runs the server does with all that it holds.</summary>
    public OperationsClient Operations { get; }

    /// <inheritdoc />
    public void Dispose() => _channel.Dispose();
}
