using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>The services over HTTP/1.1, by the protocol of Connect, as a client with nothing but HTTP meets them.</summary>
public sealed class ConnectTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private const string Json = "application/json";
    private const string Proto = "application/proto";
    private const int HeaderBytes = 5;

    private readonly HttpClient _http = new() { BaseAddress = server.HttpAddress };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("""{"number":"7","text":"ü","data":"AQI="}""")]
    [InlineData("""{ "data": "AQI=", "text": "\u00fc", "number": 7 }""")]
    public async Task A_call_is_a_post_of_json(string body)
    {
        using var reply = await PostAsync("Echo", body);

        Assert.Equal((HttpStatusCode.OK, Json), (reply.StatusCode, reply.Content.Headers.ContentType?.ToString()));
        Assert.Equal("""{ "number": "7", "text": "ü", "data": "AQI=" }""", await reply.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Or_of_protobuf()
    {
        var sent = new Payload { Number = -3, Text = "x" };
        using var reply = await PostAsync("Echo", sent.ToByteArray(), Proto);

        Assert.Equal((HttpStatusCode.OK, Proto), (reply.StatusCode, reply.Content.Headers.ContentType?.ToString()));
        Assert.Equal(sent, Payload.Parser.ParseFrom(await reply.Content.ReadAsByteArrayAsync(Cancel)));
    }

    [Fact]
    public async Task Handlers_of_bytes_get_those_of_protobuf_and_answer_in_json()
    {
        var size = new Payload { Text = "twelve bytes" }.CalculateSize();
        Assert.Equal($$"""{ "bytes": "{{size}}" }""", await TextAsync("Measure", """{"text":"twelve bytes"}"""));
        Assert.Equal("""{ "text": "encoded" }""", await TextAsync("Small", """{"text":"encoded"}"""));
    }

    [Fact]
    public async Task Headers_go_both_ways_and_trailers_come_with_a_prefix()
    {
        using var request = Request("Echo", "{}"u8.ToArray(), Json);
        request.Headers.Add("x-echo", "hello");
        request.Headers.Add("x-echo-bin", "AQI");
        using var reply = await _http.SendAsync(request, Cancel);

        Assert.Equal("hello", Assert.Single(reply.Headers.GetValues("x-echo")));
        Assert.Equal("AQI", Assert.Single(reply.Headers.GetValues("x-echo-bin")));
        Assert.Equal("hello", Assert.Single(reply.Headers.GetValues("trailer-x-echo-trailer")));
    }

    [Fact]
    public async Task An_error_has_a_code_a_message_and_details_that_can_be_read()
    {
        using var reply = await PostAsync("Fail", """{"code":8,"message":"Too much: ü.","reason":"QUOTA","field":"events[0].id","retryMillis":1500}""");

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.StatusCode);
        Assert.Equal("2", Assert.Single(reply.Headers.GetValues("Retry-After")));
        var error = await ErrorAsync(reply);
        Assert.Equal(("resource_exhausted", "Too much: ü."), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
        var details = error.GetProperty("details").EnumerateArray().ToDictionary(detail => detail.GetProperty("type").GetString()!);
        Assert.Equal(["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo"], details.Keys);
        Assert.Equal("QUOTA", details["google.rpc.ErrorInfo"].GetProperty("debug").GetProperty("reason").GetString());
        Assert.Equal("events[0].id", details["google.rpc.BadRequest"].GetProperty("debug").GetProperty("fieldViolations")[0].GetProperty("field").GetString());
        var info = details["google.rpc.ErrorInfo"].GetProperty("value").GetString()!;
        Assert.Equal("probe", ErrorInfo.Parser.ParseFrom(Convert.FromBase64String(info.PadRight((info.Length + 3) / 4 * 4, '='))).Domain);
    }

    [Theory]
    [InlineData(Code.Cancelled, 499)]
    [InlineData(Code.Unknown, 500)]
    [InlineData(Code.InvalidArgument, 400)]
    [InlineData(Code.DeadlineExceeded, 504)]
    [InlineData(Code.NotFound, 404)]
    [InlineData(Code.AlreadyExists, 409)]
    [InlineData(Code.PermissionDenied, 403)]
    [InlineData(Code.ResourceExhausted, 429)]
    [InlineData(Code.FailedPrecondition, 400)]
    [InlineData(Code.Aborted, 409)]
    [InlineData(Code.OutOfRange, 400)]
    [InlineData(Code.Unimplemented, 501)]
    [InlineData(Code.Internal, 500)]
    [InlineData(Code.Unavailable, 503)]
    [InlineData(Code.DataLoss, 500)]
    [InlineData(Code.Unauthenticated, 401)]
    public async Task Codes_go_with_a_status_of_http(Code code, int status)
    {
        using var reply = await PostAsync("Fail", $$"""{"code":{{(int)code}},"message":"m"}""");

        Assert.Equal(status, (int)reply.StatusCode);
        var name = (await ErrorAsync(reply)).GetProperty("code").GetString()!;
        Assert.Equal(code.ToString().ToUpperInvariant().Replace("CANCELLED", "CANCELED", StringComparison.Ordinal), name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant());
    }

    [Fact]
    public async Task A_bug_says_nothing_of_the_server()
    {
        using var reply = await PostAsync("Fail", """{"code":0}""");

        Assert.Equal(HttpStatusCode.InternalServerError, reply.StatusCode);
        Assert.DoesNotContain(ProbeService.SecretText, await reply.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("{", "")]
    [InlineData("[]", "")]
    [InlineData("""{"nmuber":1}""", "nmuber")]
    [InlineData("""{"number":"1.5"}""", "1.5")]
    [InlineData("""{"number":99999999999999999999}""", "out of range")]
    [InlineData("""{"data":"*"}""", "")]
    [InlineData("""{"text":1}""", "")]
    [InlineData("""{"text":"\ud800"}""", "")]
    [InlineData("""{"text":"a","text":"b"} x""", "")]
    public async Task What_is_no_message_is_refused_with_what_is_wrong(string body, string named)
    {
        using var reply = await PostAsync("Echo", body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        var error = await ErrorAsync(reply);
        Assert.Equal("REQUEST_MALFORMED", ReasonOf(error));
        Assert.StartsWith("The message is no valid probe.v1.Payload in JSON: ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(named, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        using var reply = await PostAsync("Echo", [(byte)'"', 0xC3, (byte)'"'], Json);

        Assert.Contains("UTF-8", (await ErrorAsync(reply)).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_as_in_the_proto_file_are_taken_too()
    {
        using var reply = await PostAsync("Fail", """{"code":14,"message":"m","retry_millis":1}""");
        Assert.NotNull(reply.Headers.RetryAfter);
    }

    [Theory]
    [InlineData(Json)]
    [InlineData(Proto)]
    public async Task A_message_above_its_limit_is_refused_and_the_connection_lives(string type)
    {
        var payload = new Payload { Text = new string('x', 2 * ProbeService.SmallLimit) };
        using var refused = await PostAsync("Small", type == Json ? Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(payload)) : payload.ToByteArray(), type);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("MESSAGE_TOO_LARGE", ReasonOf(await ErrorAsync(refused)));
        Assert.Equal("{ }", await TextAsync("Small", "{}"));
    }

    [Fact]
    public async Task A_deadline_ends_the_call_on_both_sides()
    {
        using var request = Request("Hang", """{"key":"connect-deadline"}"""u8.ToArray(), Json);
        request.Headers.Add("Connect-Timeout-Ms", "50");
        using var reply = await _http.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.GatewayTimeout, reply.StatusCode);
        Assert.Equal("deadline_exceeded", (await ErrorAsync(reply)).GetProperty("code").GetString());
        await server.Probe.Cancelled("connect-deadline").WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_deadline_does_not_hold_its_client_up()
    {
        using var request = Request("Stubborn", """{"key":"connect-stubborn"}"""u8.ToArray(), Json);
        request.Headers.Add("Connect-Timeout-Ms", "50");
        using var reply = await _http.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.GatewayTimeout, reply.StatusCode);
        Assert.Equal("deadline_exceeded", (await ErrorAsync(reply)).GetProperty("code").GetString());
        server.Probe.Release("connect-stubborn");
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_call()
    {
        using var leaving = new CancellationTokenSource();
        var call = _http.SendAsync(Request("Hang", """{"key":"connect-gone"}"""u8.ToArray(), Json), leaving.Token);
        await server.Probe.Entered("connect-gone").WaitAsync(Cancel);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await server.Probe.Cancelled("connect-gone").WaitAsync(Cancel);
    }

    [Theory]
    [InlineData("application/connect+json")]
    [InlineData("application/connect+proto")]
    public async Task A_stream_of_replies_comes_in_frames_and_ends_with_its_trailers(string type)
    {
        var (frames, end) = await StreamAsync("Count", new CountRequest { Count = 3, Size = 2 }, type);

        Assert.Equal([0L, 1L, 2L], frames.Select(frame => frame.Number));
        Assert.Equal("""{"metadata":{"x-sent":["3"]}}""", end);
    }

    [Theory]
    [InlineData("application/connect+json")]
    [InlineData("application/connect+proto")]
    public async Task Streams_of_requests_are_read_in_frames_too(string type)
    {
        var (end, replies) = await StreamAsync("Sum", type, new Payload { Number = 3 }, new Payload { Number = 4 });

        Assert.Equal(("{}", new Totals { Count = 2, Sum = 7 }), (end, Read<Totals>(Assert.Single(replies), type)));
    }

    [Fact]
    public async Task What_streams_both_ways_at_once_is_refused_in_the_end_of_the_stream()
    {
        var (frames, end) = await StreamAsync("Talk", new Payload(), "application/connect+json");

        Assert.Empty(frames);
        Assert.Equal("unimplemented", JsonDocument.Parse(end).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("gRPC", end, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_after_messages_stands_in_the_end_of_the_stream()
    {
        var (frames, end) = await StreamAsync("Count", new CountRequest { Count = 2, Code = (int)Code.Aborted }, "application/connect+json");

        Assert.Equal(2, frames.Count);
        var error = JsonDocument.Parse(end).RootElement.GetProperty("error");
        Assert.Equal(("aborted", "failed after the messages"), (error.GetProperty("code").GetString(), error.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("Sum", Json, 415, "CONTENT_TYPE_UNSUPPORTED")]
    [InlineData("Echo", "application/connect+json", 415, "CONTENT_TYPE_UNSUPPORTED")]
    [InlineData("Count", Json, 415, "CONTENT_TYPE_UNSUPPORTED")]
    [InlineData("Echo", "application/x-www-form-urlencoded", 415, "CONTENT_TYPE_UNSUPPORTED")]
    [InlineData("Echo", "application/json; charset=utf-16", 415, "CONTENT_TYPE_UNSUPPORTED")]
    [InlineData("Ecko", Json, 404, "METHOD_UNKNOWN")]
    public async Task What_cannot_be_called_so_says_how(string method, string type, int status, string reason)
    {
        using var reply = await PostAsync(method, "{}"u8.ToArray(), type);

        Assert.Equal((status, Json), ((int)reply.StatusCode, reply.Content.Headers.ContentType?.ToString()));
        Assert.Equal(reason, ReasonOf(await ErrorAsync(reply)));
        if (status == 415) Assert.Contains("application/", Assert.Single(reply.Headers.GetValues("Accept-Post")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connect-Protocol-Version", "2", 400, "PROTOCOL_VERSION_UNSUPPORTED")]
    [InlineData("Connect-Timeout-Ms", "-1", 400, "TIMEOUT_MALFORMED")]
    [InlineData("Connect-Timeout-Ms", "12345678901", 400, "TIMEOUT_MALFORMED")]
    [InlineData("Content-Encoding", "br", 501, "ENCODING_UNSUPPORTED")]
    public async Task Headers_that_mean_nothing_here_are_refused(string name, string value, int status, string reason)
    {
        using var request = Request("Echo", "{}"u8.ToArray(), Json);
        if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        using var reply = await _http.SendAsync(request, Cancel);

        Assert.Equal((status, reason), ((int)reply.StatusCode, ReasonOf(await ErrorAsync(reply))));
    }

    [Fact]
    public async Task A_get_of_a_method_is_told_to_post()
    {
        using var reply = await _http.GetAsync("/probe.v1.Probe/Echo", Cancel);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.StatusCode);
        Assert.Equal("POST", Assert.Single(reply.Content.Headers.Allow));
        Assert.Equal("HTTP_METHOD_UNSUPPORTED", ReasonOf(await ErrorAsync(reply)));
    }

    [Fact]
    public async Task The_gate_is_passed_here_as_well()
    {
        await using var gated = await ProbeServer.StartAsync(context => new(context.GetHeader("authorization") == "Bearer k" ? null : new RpcError(Code.Unauthenticated, "Send a key.")));
        using var http = new HttpClient { BaseAddress = gated.HttpAddress };
        using var refused = await http.SendAsync(Request("Echo", "{}"u8.ToArray(), Json), Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "k");
        using var passed = await http.SendAsync(Request("Echo", "{}"u8.ToArray(), Json), Cancel);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
    }

    [Fact]
    public async Task Who_watches_the_process_learns_whether_it_answers_and_whether_it_takes_calls()
    {
        await using var watched = await ProbeServer.StartAsync();
        using var http = new HttpClient { BaseAddress = watched.HttpAddress };
        Assert.Equal("alive", await http.GetStringAsync("/healthz", Cancel));
        Assert.Equal("ready", await http.GetStringAsync("/readyz", Cancel));

        watched.Server.Health.Set("", Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.NotServing);

        Assert.Equal("alive", await http.GetStringAsync("/healthz", Cancel));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Random_requests_are_answered_and_none_is_the_servers_fault()
    {
        var random = new Random(11);
        string[] methods = ["Echo", "Measure", "Small", "Count", "Sum", "Nothing", ""];
        string[] types = [Json, Proto, "application/connect+json", "application/connect+proto", "text/plain"];
        var seeds = new[] { """{"number":"7","text":"ü","data":"AQI="}""", """{"count":2,"size":3}""", "[[[[[[", """{"text":"\u00""", "{\"number\":1e400}", new string('[', 5000), """{"data":{"a":{"b":null}}}""" }
            .Select(Encoding.UTF8.GetBytes).Append([0, 0, 0, 0, 2, (byte)'{', (byte)'}']).ToArray();
        for (var i = 0; i < 3_000; i++)
        {
            var body = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (var edits = random.Next(4); edits > 0 && body.Length > 0; edits--) body[random.Next(body.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) body = body[..random.Next(body.Length + 1)];
            var (method, type) = (methods[random.Next(methods.Length)], types[random.Next(types.Length)]);

            // A count that a flipped byte made huge would be answered for ever.
            if (method == "Count" && body.Length > 0 && type.EndsWith("proto", StringComparison.Ordinal)) continue;
            using var reply = await PostAsync(method, body, type);
            var status = (int)reply.StatusCode;
            Assert.True(status < 500, $"{status} for {method} {type} {Convert.ToHexString(body)}");
            if (status != 200) Assert.NotEqual("", (await ErrorAsync(reply)).GetProperty("message").GetString());
        }
    }

    private static string? ReasonOf(JsonElement error) => error.GetProperty("details")[0].GetProperty("debug").GetProperty("reason").GetString();

    private static async Task<JsonElement> ErrorAsync(HttpResponseMessage reply)
    {
        Assert.Equal(Json, reply.Content.Headers.ContentType?.ToString());
        return JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Cancel)).RootElement;
    }

    private static HttpRequestMessage Request(string method, byte[] body, string type)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return new HttpRequestMessage(HttpMethod.Post, $"/probe.v1.Probe/{method}") { Content = content };
    }

    private Task<HttpResponseMessage> PostAsync(string method, string body) => PostAsync(method, Encoding.UTF8.GetBytes(body), Json);

    private Task<HttpResponseMessage> PostAsync(string method, byte[] body, string type) => _http.SendAsync(Request(method, body, type), Cancel);

    private async Task<string> TextAsync(string method, string body)
    {
        using var reply = await PostAsync(method, body);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return await reply.Content.ReadAsStringAsync(Cancel);
    }

    private static T Read<T>(ReadOnlyMemory<byte> message, string type)
        where T : IMessage<T>, new() =>
        IsJson(type) ? JsonParser.Default.Parse<T>(Encoding.UTF8.GetString(message.Span)) : new MessageParser<T>(() => new T()).ParseFrom(message.Span);

    private static bool IsJson(string type) => type.EndsWith("json", StringComparison.Ordinal);

    private async Task<(List<Payload> Frames, string End)> StreamAsync(string method, IMessage request, string type)
    {
        var (end, replies) = await StreamAsync(method, type, request);
        return ([.. replies.Select(reply => Read<Payload>(reply, type))], end);
    }

    private async Task<(string End, List<ReadOnlyMemory<byte>> Replies)> StreamAsync(string method, string type, params IMessage[] requests)
    {
        var body = new List<byte>();
        foreach (var request in requests)
        {
            var message = IsJson(type) ? Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(request)) : request.ToByteArray();
            var header = new byte[HeaderBytes];
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), message.Length);
            body.AddRange([.. header, .. message]);
        }

        using var reply = await PostAsync(method, [.. body], type);
        Assert.Equal((HttpStatusCode.OK, type), (reply.StatusCode, reply.Content.Headers.ContentType?.ToString()));
        ReadOnlyMemory<byte> left = await reply.Content.ReadAsByteArrayAsync(Cancel);
        var replies = new List<ReadOnlyMemory<byte>>();
        while (true)
        {
            var (flags, length) = (left.Span[0], BinaryPrimitives.ReadInt32BigEndian(left.Span[1..]));
            var content = left.Slice(HeaderBytes, length);
            left = left[(HeaderBytes + length)..];
            if (flags == 0)
            {
                replies.Add(content);
                continue;
            }

            Assert.Equal((2, 0), (flags, left.Length));
            return (Encoding.UTF8.GetString(content.Span), replies);
        }
    }
}
