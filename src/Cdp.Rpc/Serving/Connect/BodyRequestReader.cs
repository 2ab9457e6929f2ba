using System.IO.Pipelines;

namespace Cdp.Rpc.Serving.Connect;

/// <summary>Takes the whole body as the only message of a call.</summary>
internal sealed class BodyRequestReader(ServerCall call, PipeReader pipe, int maxBytes, bool gzip, JsonMessages? json) : RequestReader(call, pipe, maxBytes, gzip, json)
{
    /// <inheritdoc/>
    public override async ValueTask ReadSingleAsync()
    {
        while (true)
        {
            var result = await ReadPipeAsync(CancellationToken.None);
            var body = result.Buffer;
            if (body.Length > MaxBytes)
            {
                Advance(body.End, body.End);
                throw TooLarge(body.Length);
            }

            if (result.IsCompleted)
            {
                Hold(body, MayBeCompressed);
                return;
            }

            Advance(body.Start, body.End);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<bool> ReadNextAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("A body is one message.");
}
