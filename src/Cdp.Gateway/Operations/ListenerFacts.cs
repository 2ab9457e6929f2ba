using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cdp.Rpc;

namespace Cdp.Gateway.Operations;

/// <summary>What can be told of where a server answers.</summary>
public static class ListenerFacts
{
    /// <summary>Where a server answers.</summary>
    public static IReadOnlyList<Listener> Of(RpcServer? server) =>
        [.. new[] { ("gRPC", server?.Url), ("HTTP/1.1", server?.HttpUrl) }.Where(place => place.Item2 is not null).Select(place => Of(place.Item1, place.Item2!))];

    /// <summary>When the certificate in a file of PEM ends; null: no file is named.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DateTimeOffset? CertificateEnds(string? path)
    {
        if (path is null) return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return new DateTimeOffset(certificate.NotAfter);
        }
        catch (CryptographicException e)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

    private static Listener Of(string protocol, Uri url) => new(
        protocol, url.Authority, IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address), url.Scheme == Uri.UriSchemeHttps);
}
