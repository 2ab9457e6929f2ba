using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>An answer of HTTP/1.1 as it stood on the wire.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Headers">The lines of its headers.</param>
/// <param name="Body">Its body, without chunks.</param>
internal sealed record RawResponse(int Status, string Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>Sends any bytes over a connection of their own, and reads what comes until the server closes it.</summary>
internal sealed class RawHttp(Uri server)
{
    /// <summary>How many bytes less than it promised a request may have and still be ended.</summary>
    public const int TailBytes = 1_500;

    /// <summary>
    /// Ends what came before, however incomplete: a whole request that asks to close, and lines that are no request, which end bodies
    /// that are said to be longer than they are.
    /// </summary>
    private static readonly byte[] Tail =
        [.. "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8, .. Enumerable.Repeat("x\r\n"u8.ToArray(), 600).SelectMany(line => line)];

    /// <summary>Sends bytes and the end; returns the answers.</summary>
    /// <param name="bytes">What is sent.</param>
    /// <param name="isOpen">Whether the server would wait for more than anybody sends: the client then leaves at once.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<IReadOnlyList<RawResponse>> SendAsync(byte[] bytes, bool isOpen, CancellationToken cancellationToken)
    {
        // Closed by a reset, or the system would keep the addresses of a hundred thousand connections for a minute each.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
        await socket.ConnectAsync(IPAddress.Loopback, server.Port, cancellationToken);
        var received = new List<byte>();
        try
        {
            byte[] all = isOpen ? bytes : [.. bytes, .. Tail];
            for (var sent = 0; sent < all.Length;) sent += await socket.SendAsync(all.AsMemory(sent), cancellationToken);
            if (isOpen) socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var read) received.AddRange(buffer.AsSpan(0, read));
        }
        catch (SocketException)
        {
            // Refused in the middle of it; what was said before counts.
        }

        return Parse([.. received]);
    }

    private static List<RawResponse> Parse(ReadOnlySpan<byte> rest)
    {
        var responses = new List<RawResponse>();
        while (rest.IndexOf("\r\n\r\n"u8) is >= 0 and var end)
        {
            var head = Encoding.ASCII.GetString(rest[..end]);
            rest = rest[(end + 4)..];
            var status = int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            if (status == 100) continue;
            var body = Valued(head, "Transfer-Encoding") == "chunked" ? Dechunk(ref rest) : Take(ref rest, int.Parse(Valued(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture));
            responses.Add(new RawResponse(status, head, body));
        }

        return responses;
    }

    private static string? Valued(string head, string name) =>
        head.Split("\r\n").FirstOrDefault(line => line.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];

    private static byte[] Dechunk(ref ReadOnlySpan<byte> rest)
    {
        var body = new List<byte>();
        while (rest.IndexOf("\r\n"u8) is >= 0 and var line)
        {
            var size = int.Parse(Encoding.ASCII.GetString(rest[..line]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            rest = rest[(line + 2)..];
            body.AddRange(Take(ref rest, size));
            Take(ref rest, 2);
            if (size == 0) break;
        }

        return [.. body];
    }

    /// <summary>The next bytes; fewer where the connection broke off, or where the answer is one to HEAD.</summary>
    private static byte[] Take(ref ReadOnlySpan<byte> rest, int count)
    {
        var taken = rest[..Math.Min(count, rest.Length)].ToArray();
        rest = rest[taken.Length..];
        return taken;
    }
}
