using System.Buffers.Binary;
using System.Net;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>Malformed calls, each made from its number alone, so that a failure names what to send again.</summary>
public sealed class FuzzTests(ProbeServer server) : IClassFixture<ProbeServer>
{
    private const int Requests = 12_000;
    private const int MaxBytes = 4 << 20;

    private static readonly string[] Paths =
        [RawClient.Echo, "/probe.v1.Probe/Measure", "/probe.v1.Probe/Sum", "/probe.v1.Probe/Talk", "/probe.v1.Probe/MeasureEach"];

    private static readonly string[] Timeouts = ["", "S", "1", "1s", "99999999H", "000000001S", "-5S", "+5S", "5 S", "1e3S", "0x1S", "10000000000000u", "1n1"];

    private static readonly string[] BinaryValues = ["*", "a", "====", "AAA=A", "a,b,c,*", "%%%", "A A", ",", ",,,", "AP8"];

    private static readonly string[] Encodings = ["identity", "gzip", "deflate", "gzip,gzip", "x"];

    private static readonly string?[] ContentTypes =
        [null, "", "text/plain", "application/grpc-web+proto", "application/grpcs", "grpc", "application/grpc/", "application/json;application/grpc"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_malformed_call_crashes_the_server_or_goes_without_a_status()
    {
        using var raw = new RawClient(server.Address);
        var statuses = new int[17];

        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (number, cancel) =>
        {
            var call = Call.Make(number);
            var answer = await raw.SendAsync(call.Path, call.Body, cancel, call.ContentType, call.Headers);

            Assert.True(answer.Status is not null, $"Call {number} has no status.");
            Assert.True(answer.Status == Code.Ok || answer.Message.Length > 0, $"Call {number} has no message.");
            Assert.True(call.Allowed(answer), $"Call {number} to {call.Path} is answered {answer.Status}: {answer.Message}");
            Interlocked.Increment(ref statuses[(int)answer.Status.Value]);
        });

        Assert.Equal(Requests, statuses.Sum());
        Assert.Empty(server.Log.Errors);
        Assert.All((Code[])[Code.Ok, Code.InvalidArgument, Code.ResourceExhausted, Code.Unimplemented, Code.Internal], code => Assert.True(statuses[(int)code] > 50));
        Assert.Equal(1, (await server.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 1 }, cancellationToken: Cancel)).Number);
    }

    [Fact]
    public async Task A_client_that_breaks_off_in_the_middle_leaves_nothing_behind()
    {
        // A server of its own: it is stopped at the end, whichever test runs next.
        await using var own = await ProbeServer.StartAsync();
        using var raw = new RawClient(own.Address);
        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (number, cancel) =>
        {
            var call = raw.SendAsync(HttpMethod.Post, Paths[number % Paths.Length], new BreakingContent(number), "application/grpc", [], cancel);

            await Assert.ThrowsAnyAsync<Exception>(() => call);
        });

        Assert.Equal(1, (await own.Channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 1 }, cancellationToken: Cancel)).Number);
        await own.Server.StopAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(own.Log.Errors);
    }

    /// <summary>A body that fails before its message is complete.</summary>
    private sealed class BreakingContent(int number) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var random = new Random(number);
            var part = RawClient.Frame(new byte[random.Next(2000)], length: 5000);
            await stream.WriteAsync(part.AsMemory(0, random.Next(part.Length)));
            await stream.FlushAsync();
            throw new IOException("The client breaks off.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed record Call(string Path, byte[] Body, string? ContentType, (string Name, string Value)[] Headers, bool BadHeaders)
    {
        private bool Streaming => !Path.EndsWith("/Echo", StringComparison.Ordinal) && !Path.EndsWith("/Measure", StringComparison.Ordinal);

        /// <summary>Damaged by a few bits: most are noticed, and a header's may mean nothing.</summary>
        private bool Compressed { get; init; }

        private bool Raw => Path.Contains("/Measure", StringComparison.Ordinal);

        public static Call Make(int number)
        {
            var random = new Random(number);
            var path = Paths[random.Next(Paths.Length)];
            var good = RawClient.Frame(new Payload { Number = random.Next(), Text = "text", Data = ByteString.CopyFrom(new byte[random.Next(300)]) }.ToByteArray());
            var call = new Call(path, good, "application/grpc", [], BadHeaders: false);
            return (number % 13) switch
            {
                0 => call with { Body = Random(random, random.Next(64)) },
                1 => call with { Body = RawClient.Frame(Random(random, random.Next(400))) },
                2 => call with { Body = good[..random.Next(good.Length)] },
                3 => call with { Body = WithLength(good, (uint)random.NextInt64(uint.MaxValue)) },
                4 => call with { Body = WithLength(good, (uint)random.Next(good.Length * 2)) },
                5 => call with { Body = [(byte)random.Next(256), .. good[1..]] },
                6 => call with { Body = [.. good, .. good] },
                7 => call with { Body = [.. good, .. Random(random, random.Next(1, 10))] },
                8 => call with { Body = Flip(random, good) },
                9 => call with { Headers = [("grpc-timeout", Timeouts[random.Next(Timeouts.Length)])], BadHeaders = true },
                10 => call with { Headers = [("x-echo-bin", BinaryValues[random.Next(BinaryValues.Length)]), ("grpc-encoding", Encodings[random.Next(Encodings.Length)])], BadHeaders = true },
                11 => call with { Body = RawClient.Frame(Flip(random, CompressionTests.Zip(good.AsSpan(5))), flag: 1), Headers = [("grpc-encoding", "gzip")], Compressed = true },
                _ => call with { ContentType = ContentTypes[random.Next(ContentTypes.Length)], Path = random.Next(2) == 0 ? path : path + "x", BadHeaders = true },
            };
        }

        /// <summary>What the specification allows; of a body it is worked out here a second time, by other means.</summary>
        public bool Allowed(RawAnswer answer)
        {
            if (BadHeaders)
            {
                return answer.Status is Code.Ok or Code.InvalidArgument or Code.Unimplemented;
            }

            if (Compressed)
            {
                return answer is { HttpStatus: HttpStatusCode.OK, Status: Code.Ok or Code.InvalidArgument or Code.ResourceExhausted };
            }

            return answer.HttpStatus == HttpStatusCode.OK && Expected(Body).Contains(answer.Status!.Value);
        }

        private Code[] Expected(ReadOnlySpan<byte> rest)
        {
            if (rest.IsEmpty)
            {
                return [Streaming ? Code.Ok : Code.InvalidArgument];
            }

            while (!rest.IsEmpty)
            {
                if (rest.Length < 5)
                {
                    return [Code.InvalidArgument];
                }

                var length = BinaryPrimitives.ReadUInt32BigEndian(rest[1..]);
                if (rest[0] != 0)
                {
                    return [rest[0] == 1 ? Code.Internal : Code.InvalidArgument];
                }

                if (length > MaxBytes)
                {
                    return [Code.ResourceExhausted];
                }

                if (length > rest.Length - 5)
                {
                    return [Code.InvalidArgument];
                }

                if (!Streaming && rest.Length - 5 > length)
                {
                    return [Code.Internal];
                }

                if (!Raw && !Parses(rest.Slice(5, (int)length)))
                {
                    return [Code.InvalidArgument];
                }

                rest = rest[(5 + (int)length)..];
            }

            return [Code.Ok];
        }

        private static bool Parses(ReadOnlySpan<byte> message)
        {
            try
            {
                Payload.Parser.ParseFrom(message);
                return true;
            }
            catch (InvalidProtocolBufferException)
            {
                return false;
            }
        }

        private static byte[] Random(Random random, int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }

        private static byte[] WithLength(byte[] frame, uint length)
        {
            var changed = frame.ToArray();
            BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(1), length);
            return changed;
        }

        private static byte[] Flip(Random random, byte[] frame)
        {
            var changed = frame.ToArray();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
            {
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            }

            return changed;
        }
    }
}
