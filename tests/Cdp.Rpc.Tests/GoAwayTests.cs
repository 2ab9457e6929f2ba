using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;
using Google.Rpc;

namespace Cdp.Rpc.Tests;

/// <summary>What a caller is told when a server goes away with its call (RFC 9113, 6.8).</summary>
public sealed class GoAwayTests
{
    private const int HeadersFrame = 1;
    private const int PrefaceBytes = 24;
    private const int FrameHeaderBytes = 9;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The server took the call in, so that nobody may send it again unasked; it is for the caller to do.</summary>
    [Theory]
    [InlineData(0x0, Code.Unavailable)]
    [InlineData(0x2, Code.Internal)]
    public async Task A_call_that_was_taken_in_and_not_answered_ends_as_the_server_went(int errorCode, Code expected)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, errorCode);
        using var channel = new RpcChannel(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}")));

        var error = await Assert.ThrowsAsync<CallException>(() => channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 7 }, cancellationToken: Cancel));

        Assert.Equal(expected, error.StatusCode);
        await serving;
    }

    /// <summary>Takes one call in, says that it goes and that this call was the last one, and goes.</summary>
    private static async Task ServeAsync(TcpListener listener, int errorCode)
    {
        using var client = await listener.AcceptTcpClientAsync(Cancel);
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[PrefaceBytes], Cancel);
        await stream.WriteAsync(Frame(type: 4, payload: []), Cancel);
        var header = new byte[FrameHeaderBytes];
        do
        {
            await stream.ReadExactlyAsync(header, Cancel);
            await stream.ReadExactlyAsync(new byte[(header[0] << 16) | (header[1] << 8) | header[2]], Cancel);
        }
        while (header[3] != HeadersFrame);

        var payload = new byte[8];
        header.AsSpan(5, 4).CopyTo(payload);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), errorCode);
        await stream.WriteAsync(Frame(type: 7, payload), Cancel);

        // Not reset: what is on its way arrives.
        client.Client.Shutdown(SocketShutdown.Send);
        while (await stream.ReadAsync(header, Cancel) > 0)
        {
            // The client closes its side.
        }
    }

    private static byte[] Frame(byte type, ReadOnlySpan<byte> payload) => [0, 0, (byte)payload.Length, type, 0, 0, 0, 0, 0, .. payload];
}
