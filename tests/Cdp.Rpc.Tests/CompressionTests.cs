using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>gzip over gRPC, as bytes on the wire and by the client.</summary>
public sealed class CompressionTests(ProbeServer server) : IClassFixture<ProbeServer>, IDisposable
{
    private const string Measure = "/probe.v1.Probe/Measure";
    private const string Small = "/probe.v1.Probe/Small";
    private const int MaxBytes = 4 << 20;

    private readonly RawClient _raw = new(server.Address);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _raw.Dispose();

    [Fact]
    public async Task A_compressed_request_is_inflated()
    {
        var message = new Payload { Text = new string('x', 100_000) }.ToByteArray();
        var answer = await SendAsync(Measure, RawClient.Frame(Zip(message), flag: 1));

        Assert.Equal((Code.Ok, message.Length), (answer.Status, Size.Parser.ParseFrom(answer.Body[5..]).Bytes));
    }

    [Fact]
    public async Task Messages_of_a_call_that_names_gzip_may_be_compressed_or_not_or_empty()
    {
        var message = new Payload { Number = 7 }.ToByteArray();
        var answer = await SendAsync("/probe.v1.Probe/Sum", [.. RawClient.Frame(Zip(message), flag: 1), .. RawClient.Frame(message), .. RawClient.Frame([], flag: 1)]);

        Assert.Equal((Code.Ok, new Totals { Count = 3, Sum = 14 }), (answer.Status, Totals.Parser.ParseFrom(answer.Body[5..])));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("identity,deflate,gzip")]
    [InlineData("identity, GZIP")]
    public async Task A_large_reply_is_compressed_for_a_client_that_takes_it(string accepted)
    {
        var message = new Payload { Text = new string('x', 1024) }.ToByteArray();
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame(message), Cancel, headers: ("grpc-accept-encoding", accepted));

        Assert.Equal((Code.Ok, "gzip", (byte)1), (answer.Status, answer.Encoding, answer.Body[0]));
        Assert.Equal(message, Unzip(answer.Body[5..]));
    }

    [Theory]
    [InlineData(1024, "identity,deflate")]
    [InlineData(1000, "gzip")]
    public async Task A_reply_is_sent_as_it_is_where_nobody_gains(int size, string accepted)
    {
        var message = new Payload { Text = new string('x', size) }.ToByteArray();
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame(message), Cancel, headers: ("grpc-accept-encoding", accepted));

        Assert.Equal((Code.Ok, null), (answer.Status, answer.Encoding));
        Assert.Equal(RawClient.Frame(message), answer.Body);
    }

    [Fact]
    public async Task What_gzip_cannot_make_smaller_is_sent_as_it_is()
    {
        var noise = new byte[5000];
        new Random(1).NextBytes(noise);
        var message = new Payload { Data = ByteString.CopyFrom(noise) }.ToByteArray();
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame(message), Cancel, headers: ("grpc-accept-encoding", "gzip"));

        Assert.Equal(RawClient.Frame(message), answer.Body);
    }

    [Fact]
    public async Task Each_message_of_a_stream_is_compressed_for_itself()
    {
        var request = new CountRequest { Count = 2, Size = 5000 }.ToByteArray();
        var answer = await _raw.SendAsync("/probe.v1.Probe/Count", RawClient.Frame(request), Cancel, headers: ("grpc-accept-encoding", "gzip"));

        Assert.Equal((Code.Ok, "gzip"), (answer.Status, answer.Encoding));
        var rest = answer.Body;
        for (var number = 0; number < 2; number++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest.AsSpan(1));
            Assert.Equal(number, Payload.Parser.ParseFrom(Unzip(rest[5..(5 + length)])).Number);
            rest = rest[(5 + length)..];
        }

        Assert.Empty(rest);
    }

    [Fact]
    public async Task A_message_that_is_too_large_when_inflated_is_refused()
    {
        var bomb = Zip(new byte[MaxBytes + 1]);
        var answer = await SendAsync(Measure, RawClient.Frame(bomb, flag: 1));

        Assert.True(bomb.Length < MaxBytes / 50);
        Assert.Equal((Code.ResourceExhausted, "MESSAGE_TOO_LARGE"), (answer.Status, answer.Reason));
        Assert.Contains($"{MaxBytes + 1} bytes", answer.Message, StringComparison.Ordinal);
        Assert.Equal(Code.Ok, (await SendAsync(Measure, RawClient.Frame(Zip(new byte[MaxBytes]), flag: 1))).Status);
    }

    [Fact]
    public async Task The_limit_of_a_method_holds_for_what_is_inflated()
    {
        var answer = await SendAsync(Small, RawClient.Frame(Zip(new Payload { Text = new string('x', ProbeService.SmallLimit) }.ToByteArray()), flag: 1));

        Assert.Equal((Code.ResourceExhausted, "MESSAGE_TOO_LARGE"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_bomb_that_says_that_it_is_small_is_refused()
    {
        var bomb = Zip(new byte[64 << 20]);
        BinaryPrimitives.WriteUInt32LittleEndian(bomb.AsSpan(bomb.Length - 4), 100);
        var answer = await SendAsync(Measure, RawClient.Frame(bomb, flag: 1));

        Assert.Equal((Code.InvalidArgument, "REQUEST_MALFORMED"), (answer.Status, answer.Reason));
    }

    [Fact]
    public void A_bomb_takes_no_memory()
    {
        var bomb = Zip(new byte[64 << 20]);
        BinaryPrimitives.WriteUInt32LittleEndian(bomb.AsSpan(bomb.Length - 4), 1000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.False(Gzip.TryInflate(new ReadOnlySequence<byte>(bomb), out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_size_that_no_gzip_could_reach_takes_no_memory()
    {
        var lie = Zip(new byte[100]);
        BinaryPrimitives.WriteUInt32LittleEndian(lie.AsSpan(lie.Length - 4), MaxBytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.False(Gzip.TryInflate(new ReadOnlySequence<byte>(lie), out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void Of_a_gzip_no_byte_can_be_lost_or_changed_unnoticed()
    {
        var message = new byte[3000];
        new Random(2).NextBytes(message.AsSpan(0, 1500));
        var whole = Zip(message);
        Assert.True(Gzip.TryInflate(new ReadOnlySequence<byte>(whole), out var inflated));
        Assert.Equal(message, inflated);

        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(Gzip.TryInflate(new ReadOnlySequence<byte>(whole, 0, length), out _), $"{length} bytes of {whole.Length}");
        }

        // The ten bytes before say how it was made.
        for (var at = 10; at < whole.Length; at++)
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x10;
            Assert.False(Gzip.TryInflate(new ReadOnlySequence<byte>(changed), out var other) && !other.AsSpan().SequenceEqual(message), $"byte {at}");
        }
    }

    [Fact]
    public async Task A_flag_without_an_encoding_is_the_clients_bug()
    {
        var answer = await _raw.SendAsync(RawClient.Echo, RawClient.Frame(Zip([1, 2]), flag: 1), Cancel, headers: ("grpc-encoding", "identity"));

        Assert.Equal(Code.Internal, answer.Status);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_client_compresses_what_it_is_told_to(bool client, bool serverCompresses)
    {
        await using var other = new ProbeServer { CompressFromBytes = serverCompresses ? 1024 : null };
        await other.InitializeAsync();
        using var channel = new RpcChannel(other.Address, new RpcChannelOptions { Gzip = client });
        var request = new Payload { Number = 1, Text = new string('x', 100_000) };

        Assert.Equal(request, await channel.UnaryAsync(ProbeMethods.Echo, request, cancellationToken: Cancel));
        await using var talk = channel.DuplexStreaming(ProbeMethods.Talk, cancellationToken: Cancel);
        foreach (var message in (Payload[])[request, new Payload { Number = 2 }, request])
        {
            await talk.WriteAsync(message, Cancel);
            Assert.Equal(message, await talk.ReadAsync(Cancel));
        }
    }

    [Fact]
    public async Task The_clients_limit_holds_for_what_it_inflates()
    {
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { Gzip = true, MaxReplyBytes = 10_000 });
        var refused = await Assert.ThrowsAsync<CallException>(
            () => channel.UnaryAsync(ProbeMethods.Echo, new Payload { Text = new string('x', 20_000) }, cancellationToken: Cancel));

        Assert.Equal(Code.ResourceExhausted, refused.StatusCode);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("gzip", true)]
    [InlineData("br, gzip;q=0.5", true)]
    [InlineData("gzip; q=0", false)]
    [InlineData("gzip;q=0.000", false)]
    [InlineData("gzip;q=0.001", true)]
    [InlineData("gzipped, x-gzip", false)]
    public void Lists_of_encodings_are_read(string list, bool takes) => Assert.Equal(takes, AcceptedEncodings.TakesGzip(list));

    internal static byte[] Zip(ReadOnlySpan<byte> message)
    {
        var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.SmallestSize)) gzip.Write(message);
        return buffer.ToArray();
    }

    internal static byte[] Unzip(byte[] compressed)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        var buffer = new MemoryStream();
        gzip.CopyTo(buffer);
        return buffer.ToArray();
    }

    private Task<RawAnswer> SendAsync(string path, byte[] body) => _raw.SendAsync(path, body, Cancel, headers: ("grpc-encoding", "gzip"));
}
