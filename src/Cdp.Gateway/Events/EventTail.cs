using System.Threading.Channels;
using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Gateway.Events;

/// <summary>Shows events as they are applied or refused, to whoever watches. Who is too slow misses some and hears how many.</summary>
internal sealed class EventTail(GatewayPorts ports, ConsentGate consents)
{
    /// <summary>Tails of one server at the same time, each of which asks all partitions.</summary>
    private const int MostTails = 64;

    private const int MostWaiting = 1_000;
    private const int MostAtOnce = 256;
    private const int WaitMilliseconds = 5_000;
    private static readonly TimeSpan PauseWhileMoving = TimeSpan.FromMilliseconds(50);

    private int _tails;

    /// <summary>Serves a tail until its reader leaves or the server stops.</summary>
    /// <exception cref="RpcException">The request is wrong, or there are too many tails.</exception>
    public async Task RunAsync(TailEventsRequest request, IServerStreamWriter<TailEventsResponse> replies, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        if (caller.Definitions.View(purpose, [ProfileFields.RecentEvents]).RecentEvents != FieldAccess.Visible) throw ReadPurposes.Withheld(purpose, ProfileFields.RecentEvents);
        RequireName(request.Source, "source", EventLimits.MaxNameLength, Reasons.SourceTooLong);
        RequireName(request.Type, "type", EventLimits.MaxTypeLength, Reasons.TypeTooLong);
        RequireName(request.Channel, "channel", EventLimits.MaxNameLength, Reasons.ChannelTooLong);
        try
        {
            if (Interlocked.Increment(ref _tails) > MostTails)
                throw new RpcError(Code.ResourceExhausted, $"{MostTails} tails run on this server already. End one of them, or try again later.") { Reason = "TOO_MANY_TAILS", RetryDelay = TimeSpan.FromSeconds(5) }.ToException();
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
            await new Tail(ports, consents, caller, purpose, request, replies).RunAsync(ending);
        }
        finally
        {
            Interlocked.Decrement(ref _tails);
        }
    }

    private static void RequireName(string name, string field, int most, string reason)
    {
        if (name.Length > most) throw RpcError.InvalidField(field, $"Give at most {most} characters.", reason).ToException();
    }

    /// <summary>One tail.</summary>
    private sealed class Tail(GatewayPorts ports, ConsentGate consents, Caller caller, string purpose, TailEventsRequest request, IServerStreamWriter<TailEventsResponse> replies)
    {
        private long _missed;

        public async Task RunAsync(CancellationTokenSource ending)
        {
            var waiting = Channel.CreateBounded<TailedEvent?>(
                new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, dropped => Interlocked.Add(ref _missed, dropped is null ? 0 : 1));
            var opened = await Task.WhenAll(Enumerable.Range(0, ports.Log.Partitions).Select(partition => AskAsync(partition, new TailRequest(), ending.Token)));
            await replies.WriteAsync(new TailEventsResponse());
            var watches = opened.Select((reply, partition) => WatchAsync(partition, reply, waiting.Writer, ending)).ToList();
            try
            {
                await foreach (var tailed in waiting.Reader.ReadAllAsync(ending.Token))
                    await replies.WriteAsync(new TailEventsResponse { Tailed = tailed, Missed = Interlocked.Read(ref _missed) });
            }
            finally
            {
                await ending.CancelAsync();
                await Task.WhenAll(watches);
            }
        }

        private async Task WatchAsync(int partition, TailReply opened, ChannelWriter<TailedEvent?> waiting, CancellationTokenSource ending)
        {
            try
            {
                for (var reply = opened; ; reply = await AskAsync(partition, new TailRequest { Watch = reply.Watch, Next = reply.Next, Applied = reply.Applied, WaitMilliseconds = WaitMilliseconds }, ending.Token))
                {
                    OpenCalls.ThrowIfEnded(ports, caller);
                    if (reply.Missed > 0)
                    {
                        // Told also when nothing else is.
                        Interlocked.Add(ref _missed, reply.Missed);
                        await waiting.WriteAsync(null, ending.Token);
                    }

                    foreach (var watched in reply.Events)
                    {
                        if (await TellAsync(watched, ending.Token) is { } tailed) await waiting.WriteAsync(tailed, ending.Token);
                    }
                }
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                waiting.TryComplete();
            }
            catch (Exception e)
            {
                waiting.TryComplete(e);
            }
        }

        /// <summary>Asks a partition, wherever it is.</summary>
        private async Task<TailReply> AskAsync(int partition, TailRequest asked, CancellationToken cancellationToken)
        {
            (asked.Tenant, asked.Most) = (caller.Tenant, MostAtOnce);
            while (true)
            {
                try
                {
                    return await ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(partition)).Tail(asked, cancellationToken);
                }
                catch (Exception e) when (e is OwnershipLostException or GrainUnavailableException or TimeoutException)
                {
                    await Task.Delay(PauseWhileMoving, ports.Time, cancellationToken);
                }
            }
        }

        /// <summary>An event as the reader may see it; null: it asked for others.</summary>
        private async ValueTask<TailedEvent?> TellAsync(WatchedEvent watched, CancellationToken cancellationToken)
        {
            var logged = watched.Entry.Event;
            var tailed = new TailedEvent
            {
                State = watched.Reason.Length > 0 ? EventState.DeadLetter : logged.Erased ? EventState.Erased : EventState.Applied,
                Reason = watched.Reason,
                Source = logged.Refused?.Source ?? logged.Source,
                KeyId = logged.ApiKeyId,
                ReceivedAt = new Timestamp { UnixMicros = logged.ReceivedAt },
                Partition = watched.Entry.Partition,
                Position = watched.Entry.Position,
                CustomerId = watched.Customer,
            };
            var bytes = logged.Refused?.Raw ?? logged.Event;
            if (EventReader.TryHead(bytes.Span) is { } head)
            {
                (tailed.EventId, tailed.Type, tailed.Channel) = (head.Id, head.Type, head.Channel);
            }

            if (!IsWanted(tailed)) return null;
            if (request.WithContent && watched.Customer.Length > 0) tailed.Event = EventReader.TryWhole(bytes.Span);
            if (await MayBeToldAsync(watched, cancellationToken)) return tailed;
            (tailed.EventId, tailed.Type, tailed.Channel, tailed.CustomerId, tailed.Event) = (string.Empty, string.Empty, string.Empty, string.Empty, null);
            tailed.Withheld = ConsentRules.WithheldReason;
            return tailed;
        }

        private bool IsWanted(TailedEvent tailed) =>
            Is(request.Source, tailed.Source) && Is(request.Type, tailed.Type) && Is(request.Channel, tailed.Channel) && (!request.OnlyDeadLetters || tailed.State == EventState.DeadLetter);

        private static bool Is(string wanted, string found) => wanted.Length == 0 || string.Equals(wanted, found, StringComparison.Ordinal);

        /// <summary>Of what came to nobody nobody can be asked: that it came is told, and nothing of what it says.</summary>
        private async ValueTask<bool> MayBeToldAsync(WatchedEvent watched, CancellationToken cancellationToken) =>
            watched.Customer.Length == 0 || await consents.AllowsAsync(caller, new CustomerRef { CustomerId = watched.Customer }, purpose, newest: false, cancellationToken);
    }
}
