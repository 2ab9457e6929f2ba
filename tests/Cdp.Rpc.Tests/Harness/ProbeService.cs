using System.Buffers;
using System.Collections.Concurrent;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>The server side of the conformance checks.</summary>
internal sealed class ProbeService
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _cancelled = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _released = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _entered = new(StringComparer.Ordinal);

    public const int SmallLimit = 1000;

    public static string SecretText => "a secret of the server";

    public RpcService Bind() => RpcService.For(ProbeReflection.Descriptor.Services[0])
        .Unary<Payload, Payload>("Echo", Echo)
        .UnaryRaw<Size>("Measure", static (request, _) => new(new Size { Bytes = request.Length }))
        .UnaryEncoded<Payload>("Small", static (request, _) => new(request.ToByteArray()), maxRequestBytes: SmallLimit)
        .Unary<FailRequest, Payload>("Fail", static (request, _) => throw Failure(request))
        .ServerStreaming<CountRequest, Payload>("Count", CountAsync)
        .ClientStreaming<Payload, Totals>("Sum", SumAsync)
        .DuplexStreaming<Payload, Payload>("Talk", TalkAsync)
        .DuplexStreamingRaw<Size>("MeasureEach", MeasureEachAsync)
        .Unary<Key, Payload>("Hang", HangAsync)
        .Unary<Key, Payload>("AwaitCancelled", AwaitCancelledAsync)
        .Unary<Key, Payload>("AwaitEntered", AwaitEnteredAsync)
        .ServerStreaming<Key, Payload>("Flood", FloodAsync)
        .Unary<Key, Payload>("Stubborn", StubbornAsync)
        .Unary<Key, Payload>("Release", Release);

    /// <summary>Done when a call with the key has reached its handler.</summary>
    public Task Entered(string key) => Signal(_entered, key).Task;

    public Task Cancelled(string key) => Signal(_cancelled, key).Task;

    public void Release(string key) => Signal(_released, key).TrySetResult();

    private static ValueTask<Payload> Echo(Payload request, ServerCallContext context)
    {
        if (context.GetHeader("x-echo") is { } text)
        {
            context.AddHeader("x-echo", text);
            context.AddTrailer("x-echo-trailer", text);
        }

        if (context.UserState is string user)
        {
            context.AddTrailer("x-user", user);
        }

        foreach (var bytes in context.GetBinaryHeader("x-echo-bin"))
        {
            context.AddHeader("x-echo-bin", bytes);
            context.AddTrailer("x-echo-trailer-bin", bytes);
        }

        return new(request);
    }

    private static Exception Failure(FailRequest request)
    {
        if (request.Code == 0)
        {
            return new InvalidOperationException(SecretText);
        }

        var error = new RpcError((Code)request.Code, request.Message)
        {
            Reason = request.Reason.Length > 0 ? request.Reason : null,
            FieldViolations = request.Field.Length > 0 ? [new FieldViolation(request.Field, "is wrong")] : [],
            RetryDelay = request.RetryMillis > 0 ? TimeSpan.FromMilliseconds(request.RetryMillis) : null,
        };
        return error.ToException();
    }

    private static async Task CountAsync(CountRequest request, IServerStreamWriter<Payload> replies, ServerCallContext context)
    {
        var data = ByteString.CopyFrom(new byte[request.Size]);
        for (var number = 0; number < request.Count; number++)
        {
            await replies.WriteAsync(new Payload { Number = number, Data = data });
        }

        context.AddTrailer("x-sent", request.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (request.Code != 0)
        {
            throw new RpcException((Code)request.Code, "failed after the messages");
        }
    }

    private static async Task<Totals> SumAsync(IAsyncStreamReader<Payload> requests, ServerCallContext context)
    {
        var totals = new Totals();
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            totals.Count++;
            totals.Sum += request.Number;
            totals.Bytes += request.Data.Length;
        }

        return totals;
    }

    private static async Task TalkAsync(IAsyncStreamReader<Payload> requests, IServerStreamWriter<Payload> replies, ServerCallContext context)
    {
        while (await requests.MoveNext())
        {
            await replies.WriteAsync(requests.Current);
        }
    }

    private static async Task MeasureEachAsync(
        IAsyncStreamReader<ReadOnlySequence<byte>> requests, IServerStreamWriter<Size> replies, ServerCallContext context)
    {
        while (await requests.MoveNext())
        {
            await replies.WriteAsync(new Size { Bytes = requests.Current.Length });
        }
    }

    private static TaskCompletionSource Signal(ConcurrentDictionary<string, TaskCompletionSource> signals, string key) =>
        signals.GetOrAdd(key, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private async ValueTask<Payload> HangAsync(Key request, ServerCallContext context)
    {
        Signal(_entered, request.Key_).TrySetResult();
        try
        {
            await new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            Signal(_cancelled, request.Key_).TrySetResult();
            throw;
        }

        return new Payload();
    }

    private async ValueTask<Payload> AwaitCancelledAsync(Key request, ServerCallContext context)
    {
        await Cancelled(request.Key_).WaitAsync(context.CancellationToken);
        return new Payload { Text = "cancelled" };
    }

    private async ValueTask<Payload> AwaitEnteredAsync(Key request, ServerCallContext context)
    {
        await Entered(request.Key_).WaitAsync(context.CancellationToken);
        return new Payload { Text = "entered" };
    }

    private async Task FloodAsync(Key request, IServerStreamWriter<Payload> replies, ServerCallContext context)
    {
        Signal(_entered, request.Key_).TrySetResult();
        try
        {
            var data = ByteString.CopyFrom(new byte[1000]);
            for (var number = 0L; ; number++)
            {
                await replies.WriteAsync(new Payload { Number = number, Data = data });
            }
        }
        catch (OperationCanceledException)
        {
            Signal(_cancelled, request.Key_).TrySetResult();
            throw;
        }
    }

    private async ValueTask<Payload> StubbornAsync(Key request, ServerCallContext context)
    {
        Signal(_entered, request.Key_).TrySetResult();
        await Signal(_released, request.Key_).Task;
        return new Payload { Text = "late" };
    }

    private ValueTask<Payload> Release(Key request, ServerCallContext context)
    {
        Release(request.Key_);
        return new(new Payload());
    }
}
