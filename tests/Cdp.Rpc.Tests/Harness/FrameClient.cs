using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cdp.Rpc.Tests.Harness;

internal enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <param name="Error">Why, of a reset and of the end of a connection.</param>
internal readonly record struct Frame(FrameType Type, byte Flags, int Stream, int Length, int Read, int Error)
{
    public bool EndsStream => (Flags & 1) != 0;
}

/// <summary>Frames of HTTP/2 by hand: shows what leaves the server together and what it resets.</summary>
internal sealed class FrameClient : IDisposable
{
    /// <summary>Bytes that a stream may send before its client says more, unless settings say otherwise.</summary>
    public const int FirstWindow = 65_535;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _received = new byte[1 << 20];
    private int _start;
    private int _end;
    private int _reads;

    public static async Task<FrameClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var client = new FrameClient();
        await client._socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await client.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Encode(FrameType.Settings, 0, 0, [])], cancellationToken);
        while ((await client.ReadAsync(cancellationToken)) is not { Type: FrameType.Settings, Flags: 1 })
        {
        }

        return client;
    }

    public static byte[] Encode(FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = (byte)type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>The headers of a call, none of them compressed.</summary>
    public static byte[] CallHeaders(int stream, string path, params (string Name, string Value)[] more)
    {
        var block = new List<byte>();
        (string, string)[] headers =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), .. more,
        ];
        foreach (var (name, value) in headers)
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }

        return Encode(FrameType.Headers, 4, stream, [.. block]);
    }

    public async Task SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await _socket.SendAsync(bytes.AsMemory(sent), cancellationToken);
        }
    }

    /// <summary>Reads the next frame; its Read is the number of the receive that completed it.</summary>
    public async Task<Frame> ReadAsync(CancellationToken cancellationToken)
    {
        await FillAsync(9, cancellationToken);
        var length = BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(_start)) >>> 8;
        await FillAsync(9 + length, cancellationToken);
        var type = (FrameType)_received[_start + 3];
        var error = type is FrameType.Reset or FrameType.GoAway ? BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(_start + 9 + (type == FrameType.Reset ? 0 : 4))) : 0;
        var frame = new Frame(type, _received[_start + 4], BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(_start + 5)), length, _reads, error);
        _start += 9 + length;
        return frame;
    }

    /// <summary>Reads all frames until the server closes the connection, or up to one of a type; what it had not read may cut its last words off.</summary>
    public async Task<List<Frame>> ReadToEndAsync(CancellationToken cancellationToken, FrameType? until = null)
    {
        var frames = new List<Frame>();
        try
        {
            do frames.Add(await ReadAsync(cancellationToken));
            while (frames[^1].Type != until);
        }
        catch (Exception e) when (e is EndOfStreamException or SocketException)
        {
        }

        return frames;
    }

    /// <summary>Sends as much as the server takes without anything being read here; false when it stops to take more.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes, TimeSpan patience)
    {
        _socket.Blocking = false;
        try
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += _socket.Send(bytes[sent..], SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock && !_socket.Poll(patience, SelectMode.SelectWrite)) return false;
            }

            return true;
        }
        finally
        {
            _socket.Blocking = true;
        }
    }

    /// <summary>Reads all frames up to the answer of a ping sent now.</summary>
    public async Task<List<Frame>> PingAsync(CancellationToken cancellationToken)
    {
        await SendAsync(Encode(FrameType.Ping, 0, 0, new byte[8]), cancellationToken);
        var frames = new List<Frame>();
        while (true)
        {
            var frame = await ReadAsync(cancellationToken);
            if (frame.Type == FrameType.Ping)
            {
                return frames;
            }

            frames.Add(frame);
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task FillAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            if (_start == _end)
            {
                _start = _end = 0;
            }

            var read = await _socket.ReceiveAsync(_received.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException("The server closed the connection.");
            }

            _reads++;
            _end += read;
        }
    }
}
