using System.Net;

namespace Cdp.Client.Calls;

/// <summary>A request body that is written message by message while the response is read.</summary>
internal sealed class StreamingContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StreamingContent()
    {
        Headers.ContentType = MessageContent.Grpc;
    }

    /// <summary>The body, once the connection has taken the headers.</summary>
    public Task<Stream> Opened => _opened.Task;

    /// <summary>Ends the body.</summary>
    public void Finish() => _finished.TrySetResult();

    /// <summary>Ends the body of a call that is over; nobody may be left waiting for it.</summary>
    public void Abandon()
    {
        _opened.TrySetCanceled();
        _finished.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Without a flush the headers would wait for the first message.
        await stream.FlushAsync(cancellationToken);
        if (!_opened.TrySetResult(stream))
        {
            throw new IOException("The messages of a stream cannot be sent again over another connection.");
        }

        await _finished.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
