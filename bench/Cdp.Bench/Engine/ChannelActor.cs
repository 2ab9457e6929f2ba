using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;

namespace Cdp.Bench.Engine;

/// <summary>The baseline: one reader over a bare channel, a completion source for each reply. No keys, no lifetime.</summary>
internal sealed class ChannelActor : IAsyncDisposable
{
    private readonly Channel<Message> _mailbox =
        Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _reader;
    private long _sum;

    internal ChannelActor(bool awaits) => _reader = Task.Run(() => ReadAsync(awaits));

    public async ValueTask DisposeAsync()
    {
        _mailbox.Writer.Complete();
        await _reader;
    }

    internal Task<Int64Value> AddAsync(Int64Value request)
    {
        var message = new Message(request);
        _mailbox.Writer.TryWrite(message);
        return message.Reply.Task;
    }

    private async Task ReadAsync(bool awaits)
    {
        await foreach (var message in _mailbox.Reader.ReadAllAsync())
            message.Reply.SetResult(await (awaits ? AddLaterAsync(message.Request) : Add(message.Request)));
    }

    private ValueTask<Int64Value> Add(Int64Value request) => ValueTask.FromResult(new Int64Value { Value = _sum += request.Value });

    private async ValueTask<Int64Value> AddLaterAsync(Int64Value request)
    {
        await Task.Yield();
        return new Int64Value { Value = _sum += request.Value };
    }

    private sealed class Message(Int64Value request)
    {
        internal Int64Value Request { get; } = request;

        /// <summary>A caller never runs inside the reader, as it never runs inside a grain.</summary>
        internal TaskCompletionSource<Int64Value> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
