using System.Diagnostics.Metrics;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Cdp.Gateway.Keys;

/// <summary>The keys with which an issuer signs, found by its discovery document.</summary>
/// <remarks>
/// Read again after an hour, and for a token that names an unknown one after half a minute, whatever is asked. Where that fails, those
/// that are known serve on.
/// </remarks>
internal sealed class IssuerKeys(JwtIssuer issuer, TimeProvider time)
{
    private static readonly TimeSpan LongestAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortestAge = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Meter Meter = new("Cdp.Gateway");
    private static readonly Counter<long> Discoveries = Meter.CreateCounter<long>("cdp.jwt.discoveries", "{discovery}", "Discovery documents of issuers that were read, or could not be, by error.");

    private readonly HttpDocumentRetriever _documents = new() { RequireHttps = issuer.Authority.StartsWith(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase) };
    private readonly Lock _lock = new();
    private volatile Known? _known;
    private Task<Known?>? _reading;
    private long _readingSince;

    /// <summary>The issuer.</summary>
    public JwtIssuer Issuer => issuer;

    /// <summary>The keys; null: the issuer was never reached.</summary>
    /// <param name="named">The one that a token names; empty: it names none.</param>
    /// <param name="cancellationToken">Gives up the waiting, not the reading.</param>
    public async ValueTask<IReadOnlyCollection<SecurityKey>?> GetAsync(string named, CancellationToken cancellationToken)
    {
        if (_known is { } known && time.GetElapsedTime(known.ReadAt) < (Has(known.Keys, named) ? LongestAge : ShortestAge)) return known.Keys;
        Task<Known?> reading;
        lock (_lock)
        {
            // Whoever asks meanwhile waits for the same.
            if (_reading is null || (_reading.IsCompleted && time.GetElapsedTime(_readingSince) >= (_known is null ? ShortestPause : ShortestAge)))
            {
                _readingSince = time.GetTimestamp();
                _reading = ReadAsync();
            }

            reading = _reading;
        }

        return (await reading.WaitAsync(cancellationToken))?.Keys;
    }

    /// <summary>Whether a key that a token names is among these; one that names none may be signed by any.</summary>
    public static bool Has(IReadOnlyCollection<SecurityKey> keys, string named) => named.Length == 0 || keys.Any(key => key.KeyId == named);

    private async Task<Known?> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var document = await OpenIdConnectConfigurationRetriever.GetAsync(issuer.DiscoveryAddress, _documents, patience.Token);
            if (document.Issuer != issuer.Authority) throw new InvalidDataException("The discovery document is another issuer's.");
            _known = new Known([.. document.SigningKeys], time.GetTimestamp());
            Discoveries.Add(1);
        }
        catch (Exception e)
        {
            // Whatever a stranger's document does to its parser: whoever waits is told that the issuer does not answer.
            Discoveries.Add(1, new KeyValuePair<string, object?>("error.type", e.GetType().Name));
        }

        return _known;
    }

    private sealed record Known(IReadOnlyCollection<SecurityKey> Keys, long ReadAt);
}
