using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>
/// Malformed HTTP and JSON to every method, each request made from its number alone, so that a failure names what to send again.
/// <c>CDP_FUZZ_REQUESTS</c> says how many of each; a few thousand otherwise.
/// </summary>
public sealed class HttpFuzzTests : IAsyncLifetime
{
    private const int UsualRequests = 6_000;
    private const int ClientLeft = 499;
    private const int MostShown = 2_000;
    private const string DeadlineExceeded = "deadline_exceeded";
    private const string SizeVariable = "CDP_FUZZ_REQUESTS";

    /// <summary>What the server of HTTP says by itself, below the methods, and without a body: docs/http.md.</summary>
    private static readonly int[] SaidByStatusAlone = [400, 405, 408, 414, 431, 501, 505];

    /// <summary>Of what is not there, and of a time that the client itself set.</summary>
    private static readonly int[] HonestFailures = [501, 503, 504, 505];

    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(1);

    private static readonly MethodDescriptor[] Methods = [.. FuzzTests.Methods.Where(method => !method.IsClientStreaming)];

    private readonly ConcurrentDictionary<int, int> _answers = new();
    private GatewayFixture _server = null!;
    private string?[] _keys = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static int Requests => Environment.GetEnvironmentVariable(SizeVariable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : UsualRequests;

    private static ParallelOptions Parallelism => new() { MaxDegreeOfParallelism = 16, CancellationToken = Cancel };

    public async ValueTask InitializeAsync()
    {
        _server = await GatewayFixture.StartAsync(checkMessages: false);
        _keys = await FuzzTests.KeysAsync(_server);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task No_malformed_json_fails_the_server_or_goes_without_a_reason()
    {
        using var http = new HttpClient { BaseAddress = _server.HttpUrl };
        await Parallel.ForAsync(0, Requests, Parallelism, async (number, cancel) =>
        {
            var (random, method, key) = Start(number);
            using var request = new HttpRequestMessage(HttpMethod.Post, PathOf(method)) { Content = new ByteArrayContent(SpoiledJson.Make(random, MessageFor(method, random))) };
            request.Content.Headers.TryAddWithoutValidation("content-type", "application/json");
            if (key is not null) request.Headers.TryAddWithoutValidation("authorization", key);
            using var reply = await http.SendAsync(request, cancel);

            Check(number, (int)reply.StatusCode, await reply.Content.ReadAsByteArrayAsync(cancel));
        });

        await CheckAfterwardsAsync(200, 400, 401, 403, 404);
    }

    [Fact]
    public async Task Nor_does_malformed_http()
    {
        var http = new RawHttp(_server.HttpUrl);
        var unanswered = 0;
        await Parallel.ForAsync(0, Requests, Parallelism, async (number, cancel) =>
        {
            var (random, method, key) = Start(number);
            var json = MessageFor(method, random);
            var body = random.Next(3) == 0 ? SpoiledJson.Make(random, json) : Encoding.UTF8.GetBytes(json);
            var request = SpoiledHttp.Make(random, PathOf(method), key, body);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(LongestAnswer);
            IReadOnlyList<RawResponse> answers = [];
            try
            {
                answers = await http.SendAsync(request.Bytes, request.IsOpen, limit.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                Assert.Fail($"Request {number} holds its connection:\n{Shown(request.Bytes)}");
            }

            if (answers.Count == 0) Interlocked.Increment(ref unanswered);

            // To whoever left, the server may still say that it noticed.
            foreach (var answer in answers.Where(answer => !(request.IsOpen && answer.Status == ClientLeft))) Check(number, answer.Status, answer.Body, request.Bytes);
        });

        // Who leaves before the end is not answered; whoever stays is.
        Assert.True(unanswered < Requests / 10, $"{unanswered} of {Requests} were not answered.");
        await CheckAfterwardsAsync(200, 400, 401, 403, 404, 405, 415, 431, 501, 505);
    }

    private static string Shown(byte[]? request) => Encoding.Latin1.GetString(request.AsSpan(0, Math.Min(request?.Length ?? 0, MostShown)));

    private static string PathOf(MethodDescriptor method) => $"/{method.Service.FullName}/{method.Name}";

    private static string MessageFor(MethodDescriptor method, Random random) => JsonFormatter.Default.Format(RandomMessages.Make(method.InputType, random));

    private static string? ReasonOf(byte[] body)
    {
        using var error = JsonDocument.Parse(body);
        return error.RootElement.TryGetProperty("details", out var details) ? details[0].GetProperty("debug").GetProperty("reason").GetString()

            // A client that gave no time gets the deadline that it asked for, which is its own reason.
            : error.RootElement.GetProperty("code").GetString() is DeadlineExceeded ? DeadlineExceeded : null;
    }

    private (Random Random, MethodDescriptor Method, string? Key) Start(int number)
    {
        var random = new Random(number);
        return (random, Methods[number % Methods.Length], _keys[random.Next(2) == 0 ? 0 : random.Next(_keys.Length)]);
    }

    private void Check(int number, int status, byte[] body, byte[]? request = null)
    {
        var isHonest = status < 500 || HonestFailures.Contains(status);
        if (!isHonest || (status >= 400 && !(body.Length == 0 && SaidByStatusAlone.Contains(status)) && ReasonOf(body) is not { Length: > 0 }))
            Assert.Fail($"Request {number}: {status} {Encoding.UTF8.GetString(body)}\n{Shown(request)}");
        _answers.AddOrUpdate(status, 1, (_, count) => count + 1);
    }

    private async Task CheckAfterwardsAsync(params int[] provoked)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", _answers.OrderBy(answer => answer.Key).Select(answer => $"{answer.Key}: {answer.Value}")));
        Assert.All(provoked, status => Assert.True(_answers.GetValueOrDefault(status) > 5, $"{status} was hardly provoked: the requests show too little"));
        var token = await _server.PublishAsync(GatewayFixture.Event("after", "Product Viewed", ("user_id", "after-the-storm")));
        Assert.Equal(1, (await _server.ProfileAsync("user_id", "after-the-storm", token, "activity")).Activity.EventCount);
    }
}
