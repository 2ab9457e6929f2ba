using System.Collections.Concurrent;
using System.Text;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Cdp.Gateway.Tests.Fuzz;

/// <summary>Malformed requests to every method, each made from its number alone, so that a failure names what to send again.</summary>
public sealed class FuzzTests
{
    private const int Requests = 10_500;
    private const string Operator = $"Bearer {GatewayFixture.OperatorKey}";

    /// <summary>All methods of the API.</summary>
    internal static readonly MethodDescriptor[] Methods =
    [
        .. new[]
            {
                IngestReflection.Descriptor, InteractionsReflection.Descriptor, ProfilesReflection.Descriptor, IdentitiesReflection.Descriptor, SegmentsReflection.Descriptor,
                DecisionsReflection.Descriptor, AdminReflection.Descriptor,
            }
            .SelectMany(file => file.Services).SelectMany(service => service.Methods),
    ];

    private static readonly string?[] BadKeys =
    [
        null, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer cdp_default_operator_wrong", "Bearer cdp__x_y", "Bearer cdp_nobody_k_s", "Bearer cdp_" + new string('t', 500) + "_a_b",
        "bearer operator-key-of-the-test", "Bearer cdp_a/b_c_d", Operator + "x", "Bearer \u007f",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_malformed_request_crashes_the_server_or_goes_without_a_reason()
    {
        await using var server = await GatewayFixture.StartAsync(checkMessages: false);
        var keys = await KeysAsync(server);
        using var calls = new RawCalls(server.Url);
        var answers = new ConcurrentDictionary<Code, int>();

        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (number, cancel) =>
        {
            var method = Methods[number % Methods.Length];
            var (body, key) = Make(number, method, keys);
            var reply = await calls.SendAsync($"/{method.Service.FullName}/{method.Name}", body, key, cancel);

            var what = $"request {number} to {method.FullName}: {reply}";
            Assert.True(reply.Code is not null and not (Code.Internal or Code.Unknown or Code.DataLoss or Code.DeadlineExceeded or Code.Unavailable), what);
            Assert.True(reply.Code == Code.Ok || (reply.Message.Length > 0 && reply.Reason?.Length > 0), what);
            answers.AddOrUpdate(reply.Code.Value, 1, (_, count) => count + 1);
        });

        foreach (var code in (Code[])[Code.Ok, Code.InvalidArgument, Code.Unauthenticated, Code.PermissionDenied, Code.NotFound, Code.ResourceExhausted])
            Assert.True(answers.GetValueOrDefault(code) > 5, $"{code} was hardly provoked: the requests show too little");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Key} {a.Value}")));
        var token = await server.PublishAsync(GatewayFixture.Event("after", "Product Viewed", ("user_id", "after-the-storm")));
        Assert.Equal(1, (await server.ProfileAsync("user_id", "after-the-storm", token, "activity")).Activity.EventCount);
    }

    [Fact]
    public async Task Malformed_events_are_refused_one_by_one_and_counted_as_dead_letters()
    {
        await using var server = await GatewayFixture.StartAsync();
        var good = GatewayFixture.Event("good-1", "Product Viewed", ("user_id", "u1")).ToByteArray();
        var other = GatewayFixture.Event("good-2", "Product Viewed", ("user_id", "u1")).ToByteArray();
        var broken = good[..^3];
        byte[][] events = [good, broken, [0xFF, 0xFF, 0xFF], [], other, Nested(60), Encoding.UTF8.GetBytes("not a message at all")];
        using var body = new MemoryStream();
        using (var output = new CodedOutputStream(body, leaveOpen: true))
        {
            foreach (var bytes in events)
            {
                output.WriteTag(PublishEventsRequest.EventsFieldNumber, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(bytes));
            }
        }

        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, "/cdp.v1.Ingest/PublishEvents"))
        {
            Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(RawCalls.Frame(body.ToArray())),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.TryAddWithoutValidation("authorization", Operator);
        using var http = new HttpClient();
        var response = await http.SendAsync(request, Cancel);
        var reply = PublishEventsResponse.Parser.ParseFrom((await response.Content.ReadAsByteArrayAsync(Cancel)).AsSpan(5));

        Assert.Equal(2, reply.Accepted);
        Assert.Equal([1, 2, 3, 5, 6], reply.Refused.Select(r => r.Index));
        Assert.All(reply.Refused, refused => Assert.True(refused.Reason.Length > 0 && refused.Message.Length > 0));
        Assert.Equal(2, (await server.ProfileAsync("user_id", "u1", reply.Token)).Activity.EventCount);
        var partitions = await server.Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        Assert.Equal(5, partitions.Partitions.Sum(p => p.DeadLetters));
    }

    /// <summary>Keys of the tenant that the requests may spoil, one of another tenant, a revoked one, and bad ones.</summary>
    internal static async Task<string?[]> KeysAsync(GatewayFixture server)
    {
        var admin = server.Client.Admin;
        var keys = new List<string?>();
        foreach (var tenant in (string[])["fuzz", "fuzz-2"])
        {
            await admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = tenant } }, cancellationToken: Cancel);
            foreach (var role in (Role[])[Role.Admin, Role.Admin, Role.Writer, Role.Reader, Role.Decider])
            {
                var key = await admin.CreateKeyAsync(new CreateKeyRequest { TenantId = tenant, Roles = { role }, DefaultPurpose = "service" }, cancellationToken: Cancel);
                keys.Add($"Bearer {key.Secret}");
            }
        }

        var revoked = await admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "fuzz", Roles = { Role.Admin } }, cancellationToken: Cancel);
        await admin.RevokeKeyAsync(new RevokeKeyRequest { TenantId = "fuzz", KeyId = revoked.Key.Id }, cancellationToken: Cancel);
        return [.. keys, $"Bearer {revoked.Secret}"];
    }

    private static (byte[] Body, string? Key) Make(int number, MethodDescriptor method, string?[] keys)
    {
        var random = new Random(number);
        var key = random.Next(8) == 0 ? BadKeys[random.Next(BadKeys.Length)] : keys[random.Next(2) == 0 ? 0 : random.Next(keys.Length)];
        var message = RandomMessages.Make(method.InputType, random).ToByteArray();
        var body = random.Next(12) switch
        {
            0 => RawCalls.Frame(Bytes(random, random.Next(200))),
            1 => RawCalls.Frame(Flip(random, message)),
            2 => RawCalls.Frame(message.AsSpan(0, random.Next(message.Length + 1))),
            3 => RawCalls.Frame(RandomMessages.Make(Methods[random.Next(Methods.Length)].InputType, random).ToByteArray()),
            4 => RawCalls.Frame(Wrap(random.Next(1, 6), Nested(random.Next(1, 400)))),
            5 => RawCalls.Frame(Wrap(random.Next(1, 6), [0xC3, 0x28, 0xED, 0xA0, 0x80, 0xFE])),
            6 when random.Next(12) == 0 => RawCalls.Frame(new byte[(4 << 20) + random.Next(1, 4096)]),
            7 => RawCalls.Frame(message)[..^(message.Length > 0 ? 1 : 0)],
            _ => RawCalls.Frame(message),
        };

        // Frames that contradict the headers are INTERNAL by specification; the transport's own tests try them.
        return (body, key);
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Flip(Random random, byte[] message)
    {
        for (var flips = random.Next(1, 8); flips > 0 && message.Length > 0; flips--) message[random.Next(message.Length)] ^= (byte)(1 << random.Next(8));
        return message;
    }

    private static byte[] Wrap(int field, byte[] bytes)
    {
        using var body = new MemoryStream();
        using (var output = new CodedOutputStream(body, leaveOpen: true))
        {
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(bytes));
        }

        return body.ToArray();
    }

    /// <summary>An event with a property that holds a list in a list in a list …</summary>
    private static byte[] Nested(int depth)
    {
        var value = new Value { IntValue = 1 };
        for (var level = 0; level < depth; level++) value = new Value { ListValue = new ListValue { Values = { value } } };
        var made = GatewayFixture.Event("nested", "Product Viewed", ("user_id", "u1"));
        made.Properties["deep"] = value;
        return made.ToByteArray();
    }
}
