namespace Cdp.Rpc.Wire;

/// <summary>Lists of encodings that a peer takes, as <c>grpc-accept-encoding</c> and <c>Accept-Encoding</c> have them.</summary>
internal static class AcceptedEncodings
{
    /// <summary>What is taken here.</summary>
    public const string Ours = "identity,gzip";

    /// <summary>Reads how the messages of a call are encoded; false when that is none of <see cref="Ours"/>.</summary>
    /// <param name="encoding">The name; null or empty: not at all.</param>
    /// <param name="gzip">Whether they may be compressed.</param>
    public static bool TryFind(string? encoding, out bool gzip)
    {
        gzip = string.Equals(encoding, Gzip.Name, StringComparison.OrdinalIgnoreCase);
        return gzip || string.IsNullOrEmpty(encoding) || string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a list names gzip, and not with the weight 0, which forbids it.</summary>
    public static bool TakesGzip(ReadOnlySpan<char> list)
    {
        foreach (var part in list.Split(','))
        {
            var item = list[part];
            var semicolon = item.IndexOf(';');
            var name = (semicolon < 0 ? item : item[..semicolon]).Trim();
            if (name.Equals(Gzip.Name, StringComparison.OrdinalIgnoreCase))
            {
                return semicolon < 0 || !IsZero(item[(semicolon + 1)..].Trim());
            }
        }

        return false;
    }

    private static bool IsZero(ReadOnlySpan<char> weight) =>
        weight.StartsWith("q=", StringComparison.OrdinalIgnoreCase) && weight[2..].TrimStart('0').TrimStart('.').TrimStart('0').IsEmpty;
}
