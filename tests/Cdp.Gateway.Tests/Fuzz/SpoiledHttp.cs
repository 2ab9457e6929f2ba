using System.Globalization;
using System.Text;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>Requests of HTTP/1.1 of which something is wrong: lines, headers, lengths, chunks, bytes.</summary>
/// <param name="Bytes">What is sent.</param>
/// <param name="IsOpen">Whether the server waits for more than anybody would send.</param>
internal sealed record SpoiledHttp(byte[] Bytes, bool IsOpen)
{
    private const string Crlf = "\r\n";

    private static readonly string[] Methods = ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "post", "PO ST", "", "P\0ST", new string('M', 300), "PRI"];

    private static readonly string[] Targets =
    [
        "", "/", "*", "//", "/%", "/%zz", "/%00", "/..", "/../../etc/passwd", "/cdp.v1.Ingest", "/cdp.v1.Ingest/", "/cdp.v1.Ingest/PublishEvents/", "/cdp.v1.ingest/publishevents", "/cdp.v1.Ingest/PublishEvents?x=1",
        "http://other/cdp.v1.Ingest/PublishEvents", "http://", "other:443", "/é", "/\u0001", "/a b", "/" + new string('p', 9000), "/metrics", "/healthz", "/readyz/", "/grpc.health.v1.Health/Check",
    ];

    private static readonly string[] Versions = ["HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/11", "http/1.1", "HTTP", "", "HTTP/1.1 x"];

    private static readonly string[] Headers =
    [
        "no colon", ": no name", "name : space before", " folded: line", "X:", "X: \0", "X: \u0001", "X: é", "Host: a", "Host:", "Host: a b", "Host: /", "Content-Length: 5", "Content-Length: -1", "Content-Length: 1, 2",
        "Content-Length: x", "Content-Length: 99999999999999999999", "Content-Length: +3", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: identity", "Transfer-Encoding: x",
        "Expect: 100-continue", "Expect: x", "Upgrade: h2c", "Upgrade: websocket", "Connection: upgrade", "Connection: \"", "Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: gzip, gzip", "Content-Type: text/plain",
        "Content-Type: application/json; charset=utf-16", "Content-Type: \"", "Content-Type: application/connect+json", "Content-Type: application/grpc", "Accept-Encoding: gzip;q=x", "Accept-Encoding: *", "Connect-Protocol-Version: 2",
        "Connect-Timeout-Ms: 0", "Connect-Timeout-Ms: 1e3", "Connect-Timeout-Ms: -5", "Authorization: Bearer", "Authorization: Basic x", "Authorization: Bearer \u007f", "Origin: null", "Origin: https://x", "Origin: \"", "Access-Control-Request-Method: POST",
        "Traceparent: 00-x", "Cookie: a=b", "X-Forwarded-For: 1.2.3.4", "Trailer: X", "TE: trailers", "Range: bytes=0-", "If-Match: *",
    ];

    private static readonly string[] Sizes = ["", "g", "-1", "0x5", "5 ", " 5", "5;", "5;a=b", "5;a=\"", "00000000000000005", "FFFFFFFF", "7FFFFFFF", "FFFFFFFFFFFFFFFF", "100000000000000000", "5\n", "1"];

    /// <summary>Spoils a good request.</summary>
    /// <param name="random">Decides how.</param>
    /// <param name="path">Path of a method.</param>
    /// <param name="authorization">Its key; null: none.</param>
    /// <param name="body">Its message in JSON.</param>
    public static SpoiledHttp Make(Random random, string path, string? authorization, byte[] body)
    {
        var headers = new List<string> { "Host: localhost", "Content-Type: application/json" };
        if (authorization is not null) headers.Add($"Authorization: {authorization}");
        switch (random.Next(10))
        {
            case 0:
                return new(Request(Pick(random, Methods), path, "HTTP/1.1", headers, body), IsOpen: false);
            case 1:
                return new(Request("POST", Pick(random, Targets), "HTTP/1.1", headers, body), IsOpen: false);
            case 2:
                return new(Request("POST", path, Pick(random, Versions), headers, body), IsOpen: false);
            case 3 or 4:
                var added = Pick(random, Headers);
                headers.Insert(random.Next(headers.Count + 1), added);
                return new(Request("POST", path, "HTTP/1.1", headers, body), WaitsForLong(added));
            case 5:
                for (var more = random.Next(2) == 0 ? 150 : 3; more > 0; more--) headers.Add($"X-{more}: {new string('v', random.Next(600))}");
                return new(Request("POST", path, "HTTP/1.1", headers, body), IsOpen: false);
            case 6:
                return Chunked(random, path, headers, body);
            case 7:
                var shorter = Math.Max(0, body.Length - random.Next(1, 20));
                headers.Add(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {(random.Next(2) == 0 ? shorter : body.Length + random.Next(1, RawHttp.TailBytes))}"));
                return new([.. Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1{Crlf}{string.Join(Crlf, headers)}{Crlf}{Crlf}"), .. body], IsOpen: false);
            case 8:
                var whole = Request("POST", path, "HTTP/1.1", headers, body);
                var cut = random.Next(whole.Length);
                return new(whole[..cut], IsOpen: whole.Length - cut > RawHttp.TailBytes || random.Next(4) == 0);
            default:
                return Flipped(random, Request("POST", path, "HTTP/1.1", headers, body));
        }
    }

    private static byte[] Request(string method, string target, string version, List<string> headers, byte[] body) =>
        [.. Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{method} {target} {version}{Crlf}{string.Join(Crlf, headers)}{Crlf}Content-Length: {body.Length}{Crlf}{Crlf}")), .. body];

    private static SpoiledHttp Chunked(Random random, string path, List<string> headers, byte[] body)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1{Crlf}{string.Join(Crlf, headers)}{Crlf}Transfer-Encoding: chunked{Crlf}{Crlf}"));
        var spoiled = random.Next(6);
        var size = Pick(random, Sizes);
        for (var (at, number) = (0, 0); at < body.Length; number++)
        {
            var length = Math.Min(random.Next(1, 2000), body.Length - at);
            bytes.AddRange(Encoding.UTF8.GetBytes(number == spoiled ? size : length.ToString("x", CultureInfo.InvariantCulture)));
            bytes.AddRange(random.Next(40) == 0 ? "\n"u8 : "\r\n"u8);
            bytes.AddRange(body.AsSpan(at, length));
            bytes.AddRange(random.Next(40) == 0 ? "x\r\n"u8 : "\r\n"u8);
            at += length;
        }

        bytes.AddRange(Encoding.UTF8.GetBytes(Pick(random, ["0\r\n\r\n", "0\r\nX-Trailer: 1\r\n\r\n", "0\r\nno colon\r\n\r\n", "0\r\n", "", "0\r\nContent-Length: 3\r\n\r\n"])));
        return new([.. bytes], IsOpen: size.Contains("FFFFFFF", StringComparison.Ordinal));
    }

    private static SpoiledHttp Flipped(Random random, byte[] request)
    {
        // Not the digits of the length: a server rightly waits for what another number promises.
        var head = request.AsSpan().IndexOf("\r\n\r\n"u8) - 8;
        for (var flips = random.Next(1, 6); flips > 0; flips--) request[random.Next(random.Next(3) == 0 ? request.Length : head)] ^= (byte)(1 << random.Next(8));
        return new(request, IsOpen: false);
    }

    private static bool WaitsForLong(string header) => header.Contains("99999", StringComparison.Ordinal);

    private static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];
}
