using System.Buffers.Text;
using System.Globalization;
using Cdp.Grains.Identities;

namespace Cdp.Grains.Customers;

/// <summary>What a page token looks like, so that the door can refuse a malformed one.</summary>
public static class PageTokens
{
    /// <summary>Effective time and id hash of the last event.</summary>
    internal const int EventTokenBytes = 8 + 16;

    /// <summary>Whether a text may be a page token of <see cref="ICustomer.ReadEvents"/>.</summary>
    public static bool IsEventToken(string token) =>
        token.Length == 0 || (Base64Url.IsValid(token, out var length) && length == EventTokenBytes);

    /// <summary>Whether a text may be a page token of <see cref="IIdentity.Describe"/>: the sequence listed last.</summary>
    public static bool IsFactToken(string token) =>
        token.Length == 0 || (long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence < long.MaxValue);
}
