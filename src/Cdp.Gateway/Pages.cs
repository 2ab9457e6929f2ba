using Cdp.Rpc;

namespace Cdp.Gateway;

/// <summary>What a request for a page asks for.</summary>
internal static class Pages
{
    /// <summary>Most entries of a page.</summary>
    public const int MostEntries = 1_000;

    /// <summary>The number of entries that a request asks for.</summary>
    /// <param name="size">What it says; 0: the usual number.</param>
    /// <param name="usual">The usual number.</param>
    /// <param name="isToken">Whether its page token is one of this kind of page.</param>
    /// <exception cref="RpcException">Size or token is wrong.</exception>
    public static int SizeOf(int size, int usual, bool isToken)
    {
        if (size is < 0 or > MostEntries) throw RpcError.InvalidField("page_size", $"Give 1 to {MostEntries}, or 0 for {usual}.", "PAGE_SIZE_INVALID").ToException();
        if (!isToken) throw RpcError.InvalidField("page_token", "Pass next_page_token of the page before as it is.", "PAGE_TOKEN_MALFORMED").ToException();
        return size == 0 ? usual : size;
    }
}
