using System.Buffers;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Events;
using Cdp.Gateway.Keys;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway.Ingest;

/// <summary>Takes in events: judged one by one, appended together, acknowledged when durable.</summary>
public sealed class IngestService(GatewayPorts ports, CustomerFinder finder)
{
    private const int UnaryEventsField = PublishEventsRequest.EventsFieldNumber;
    private const int StreamEventsField = StreamEventsRequest.EventsFieldNumber;
    private const int MostInFlight = 32;
    private const int MostWarnings = 100;

    private readonly CollectionGate _collection = new(new ConsentGate(ports, finder));

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(IngestReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Ingest"))
        .NameTooLarge(Reasons.BatchTooLarge)
        .UnaryRaw<PublishEventsResponse>("PublishEvents", PublishAsync, EventLimits.MaxBatchBytes + 1024)
        .DuplexStreamingRaw<StreamEventsResponse>("StreamEvents", StreamAsync, EventLimits.MaxBatchBytes + 1024);

    /// <summary>Publishes an event that the platform itself makes. It is of no source and channel of the caller's, so its type alone is judged.</summary>
    /// <exception cref="RpcException">The key may not publish events of this type, or not so many. Or as below.</exception>
    public async ValueTask<PublishEventsResponse> PublishOwnAsync(Caller caller, Event made, CancellationToken cancellationToken)
    {
        if (caller.Scope?.CheckType(made.Type) is { } refusal) throw Refused(refusal with { Message = $"This call publishes an event of the type \"{made.Type}\", which this key may not. Use another." });
        Take(caller, 1);
        var receivedAt = ports.NowMicros;
        return await AppendAsync(caller, [EventIntake.Own(caller, made, receivedAt, ports.Log.Partitions)], receivedAt, cancellationToken);
    }

    /// <summary>Publishes events that came with something else.</summary>
    /// <exception cref="RpcException">The tenant's backlog is full, or the log cannot be written.</exception>
    internal ValueTask<PublishEventsResponse> PublishAsync(Caller caller, IReadOnlyCollection<Event> events, CancellationToken cancellationToken)
    {
        Take(caller, events.Count);
        var receivedAt = ports.NowMicros;
        return AppendAsync(caller, [.. events.Select(made => EventIntake.Read(caller, made.ToByteArray(), receivedAt, ports.Log.Partitions))], receivedAt, cancellationToken);
    }

    /// <summary>Publishes events all of which have to be right.</summary>
    /// <exception cref="RpcException">One of them is refused; none was published. Or as above.</exception>
    internal async ValueTask<PublishEventsResponse> PublishAllAsync(Caller caller, IReadOnlyCollection<Event> events, CancellationToken cancellationToken)
    {
        Take(caller, events.Count);
        var receivedAt = ports.NowMicros;
        List<Intake> intakes = [.. events.Select(made => EventIntake.Read(caller, made.ToByteArray(), receivedAt, ports.Log.Partitions))];
        foreach (var intake in intakes)
        {
            if (intake.Refusal is { } refusal) throw Refused(refusal);
        }

        return await AppendAsync(caller, intakes, receivedAt, cancellationToken);
    }

    /// <summary>Publishes dead letters anew. One that is refused again is not kept again.</summary>
    /// <returns>For each why it was refused, or null; and the token of the others.</returns>
    /// <exception cref="RpcException">The tenant's backlog is full, or the log cannot be written.</exception>
    internal async ValueTask<(EventRefusal?[] Refusals, string Token)> PublishRetriedAsync(IReadOnlyList<RetriedEvent> events, CancellationToken cancellationToken)
    {
        var receivedAt = ports.NowMicros;
        Take(events[0].Caller, events.Count);
        var refusals = new EventRefusal?[events.Count];
        var taken = new List<(int Index, Intake Intake)>();
        for (var i = 0; i < events.Count; i++)
        {
            var (caller, _, bytes, isOwn) = events[i];
            var intake = isOwn
                ? EventIntake.Own(caller, EventReader.Whole(bytes.Span), receivedAt, ports.Log.Partitions)
                : EventIntake.Read(caller, bytes.Span, receivedAt, ports.Log.Partitions);
            refusals[i] = intake.Refusal;
            if (intake.Refusal is null) taken.Add((i, intake));
        }

        if (taken.Count == 0) return (refusals, string.Empty);
        var published = await AppendAsync(events[0].Caller, taken.ConvertAll(static t => t.Intake), receivedAt, cancellationToken);
        foreach (var refused in published.Refused) refusals[taken[refused.Index].Index] = new EventRefusal(refused.Reason, refused.Field, refused.Message);
        return (refusals, published.Token);
    }

    private ValueTask<PublishEventsResponse> PublishAsync(ReadOnlySequence<byte> request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var receivedAt = ports.NowMicros;
        return AppendAsync(caller, Read(caller, request, UnaryEventsField, receivedAt, out _), receivedAt, context.CancellationToken);
    }

    /// <summary>Reads ahead while appends are under way; acknowledges in the order of the messages.</summary>
    private async Task StreamAsync(
        IAsyncStreamReader<ReadOnlySequence<byte>> requests, IServerStreamWriter<StreamEventsResponse> replies, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var open = System.Threading.Channels.Channel.CreateBounded<(long Sequence, Task<PublishEventsResponse> Result)>(MostInFlight);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        var acknowledging = AcknowledgeAsync();
        try
        {
            while (await requests.MoveNext(failed.Token))
            {
                OpenCalls.ThrowIfEnded(ports, caller);
                var receivedAt = ports.NowMicros;
                var intakes = Read(caller, requests.Current, StreamEventsField, receivedAt, out var sequence);
                await open.Writer.WriteAsync((sequence, AppendAsync(caller, intakes, receivedAt, context.CancellationToken).AsTask()), failed.Token);
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            // The server stops, or an append failed: what was read is acknowledged or answered with the error below.
        }
        finally
        {
            open.Writer.Complete();
            await acknowledging;
        }

        async Task AcknowledgeAsync()
        {
            try
            {
                await foreach (var (sequence, result) in open.Reader.ReadAllAsync(context.CancellationToken))
                    await replies.WriteAsync(new StreamEventsResponse { Sequence = sequence, Result = await result });
            }
            finally
            {
                await failed.CancelAsync();
            }
        }
    }

    private List<Intake> Read(Caller caller, ReadOnlySequence<byte> request, int field, long receivedAt, out long sequence)
    {
        var bytes = EventScanner.Contiguous(request, out var rented);
        try
        {
            var ranges = EventScanner.Find(bytes.Span, field, out sequence)
                ?? throw new RpcError(Code.InvalidArgument, "The request is not a message of this method. Generate your client from the current protos.") { Reason = "REQUEST_MALFORMED" }.ToException();
            if (EventValidator.ValidateBatch(ranges.Count, bytes.Length) is { } refusal) throw Refused(refusal);
            Take(caller, ranges.Count);
            var intakes = new List<Intake>(ranges.Count);
            foreach (var range in ranges) intakes.Add(EventIntake.Read(caller, bytes.Span[range], receivedAt, ports.Log.Partitions));
            return intakes;
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // What was read is held by no call that waits: see Intake.Head.
    private ValueTask<PublishEventsResponse> AppendAsync(Caller caller, List<Intake> intakes, long receivedAt, CancellationToken cancellationToken)
    {
        // A call that was let in before.
        if (ports.Definitions.Find(caller.Tenant) is { IsDeleted: true }) throw OpenCalls.TenantDeleted.ToException();
        return caller.Definitions.CollectsByPurpose
            ? FilterAndAppendAsync(caller, intakes, receivedAt, cancellationToken)
            : AppendAsync(caller, Sort(intakes, receivedAt, out var batches), batches, cancellationToken);
    }

    private async ValueTask<PublishEventsResponse> FilterAndAppendAsync(Caller caller, List<Intake> intakes, long receivedAt, CancellationToken cancellationToken)
    {
        await _collection.FilterAsync(caller, intakes, receivedAt, cancellationToken);
        return await AppendAsync(caller, Sort(intakes, receivedAt, out var batches), batches, cancellationToken);
    }

    /// <summary>What is answered, and what goes into each partition.</summary>
    private PublishEventsResponse Sort(List<Intake> intakes, long receivedAt, out List<AppendedEvent>?[] batches)
    {
        var response = new PublishEventsResponse { ReceivedAt = new Timestamp { UnixMicros = receivedAt } };
        batches = new List<AppendedEvent>?[ports.Log.Partitions];
        for (var i = 0; i < intakes.Count; i++)
        {
            var intake = intakes[i];
            if (!intake.IsDropped) (batches[intake.Partition] ??= new(intakes.Count / batches.Length * 3 / 2)).Add(intake.Appended);
            if (intake.Refusal is { } refusal)
            {
                response.Refused.Add(new RefusedEvent
                {
                    Index = i, EventId = intake.EventId, Reason = refusal.Reason, Field = refusal.Field, Message = refusal.Message,
                });
            }
            else
            {
                response.Accepted++;
                if (intake.Warning is { } warning && response.Warnings.Count < MostWarnings)
                    response.Warnings.Add(new EventWarning { Index = i, EventId = intake.EventId, Reason = warning.Reason, Field = warning.Field, Message = warning.Message });
            }
        }

        return response;
    }

    private async ValueTask<PublishEventsResponse> AppendAsync(
        Caller caller, PublishEventsResponse response, List<AppendedEvent>?[] batches, CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < batches.Length; partition++)
        {
            if (batches[partition] is not null) Admission.Check(ports, caller, partition);
        }

        var token = await AppendAsync(batches, cancellationToken);
        ports.Steps.Reached(RecoverySteps.LogAppended);
        IngestMetrics.Accepted(response.Accepted);
        foreach (var refused in response.Refused) IngestMetrics.Refused(refused.Reason);
        response.Token = ReadTokens.Encode(token);
        ports.Steps.Reached(RecoverySteps.Acknowledging);
        return response;
    }

    private async ValueTask<ReadToken> AppendAsync(List<AppendedEvent>?[] batches, CancellationToken cancellationToken)
    {
        var token = new ReadToken { LogEpoch = ports.Log.Epoch };
        var appends = new List<Task<PartitionMark>>(batches.Length);
        for (var partition = 0; partition < batches.Length; partition++)
        {
            if (batches[partition] is not { } batch) continue;
            appends.Add(MarkAsync(partition, ports.Log.AppendAsync(partition, batch, cancellationToken), batch.Count));
            batches[partition] = null;
        }

        Exception? failure = null;
        foreach (var append in appends)
        {
            try
            {
                token.Marks.Add(await append);
            }
            catch (IOException e)
            {
                failure = e;
            }
        }

        if (failure is null) return token;
        if (StoreErrors.IsFull(failure)) throw StoreErrors.Full().ToException();
        throw new RpcError(Code.Unavailable, "The event log cannot be written now. Send the batch again: events that were taken in count once.")
        {
            Reason = "LOG_UNAVAILABLE", RetryDelay = TimeSpan.FromSeconds(1),
        }.ToException();

        static async Task<PartitionMark> MarkAsync(int partition, ValueTask<long> appending, int count) => new() { Partition = partition, End = await appending + count };
    }

    /// <summary>The error of a request that cannot do without an event that is refused.</summary>
    internal static RpcException Refused(EventRefusal refusal) => (refusal.Reason switch
    {
        Reasons.BatchTooLarge => new RpcError(Code.ResourceExhausted, refusal.Message) { Reason = refusal.Reason },
        _ when KeyScope.IsReason(refusal.Reason) => RpcError.InvalidField(refusal.Field, refusal.Message, refusal.Reason) with { Code = Code.PermissionDenied },
        _ => RpcError.InvalidField(refusal.Field, refusal.Message, refusal.Reason),
    }).ToException();

    /// <summary>Counts events against what the key may publish a second.</summary>
    private static void Take(Caller caller, int events)
    {
        if (caller.Rate?.TakeEvents(events) is { } refusal) throw refusal.ToException();
    }
}
