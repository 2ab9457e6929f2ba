using System.Globalization;
using Cdp.Domain.Events;

namespace Cdp.Domain.Tenants;

/// <summary>Origins of web pages, as browsers send them (RFC 6454, 6.2): scheme, host, and port where it is not the usual one.</summary>
internal static class Origins
{
    /// <summary>Most origins of one tenant.</summary>
    public const int Most = 100;

    /// <summary>What is wrong with a tenant's origins; null: nothing.</summary>
    public static EventRefusal? Check(IReadOnlyList<string> origins)
    {
        if (origins.Count > Most)
            return new(TenantReasons.TooMany, "tenant.allowed_origins", string.Create(CultureInfo.InvariantCulture, $"Give at most {Most} origins."));
        for (var i = 0; i < origins.Count; i++)
        {
            if (!IsOrigin(origins[i]) || origins.Take(i).Contains(origins[i], StringComparer.Ordinal))
            {
                return new(
                    TenantReasons.OriginInvalid,
                    string.Create(CultureInfo.InvariantCulture, $"tenant.allowed_origins[{i}]"),
                    "Give each origin once and as browsers send it: scheme, host in small letters, and port where it is not the usual one, without a path, e.g. \"https://shop.example\" or \"http://localhost:5173\". \"*\" is not taken.");
            }
        }

        return null;
    }

    private static bool IsOrigin(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)) return false;
        var host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        var port = uri.IsDefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{uri.Port}");

        // Whatever else was in it, a path, a user, capital letters, the usual port, is not in what a browser sends.
        return string.Equals(text, $"{uri.Scheme}://{host}{port}", StringComparison.Ordinal);
    }
}
