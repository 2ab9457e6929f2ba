using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>
/// What is sent, in the order in which it is sent: every event once, a tenth of them twice, the malformed ones between
/// them, all shuffled. A batch can be made again as often as it has to be sent.
/// </summary>
internal sealed class Shipment
{
    private readonly Crowd _crowd;
    private readonly EventFactory _factory;
    private readonly int _batchSize;

    // The index of an event, or the complement of a malformed one's number.
    private readonly int[] _order;

    public Shipment(long seed, DemoScale scale, Crowd crowd, EventFactory factory)
    {
        _crowd = crowd;
        _factory = factory;
        _batchSize = scale.BatchSize;
        var random = new SplitMix(~seed);
        var order = new List<int>(scale.Events + scale.SentTwice + scale.Malformed);
        order.AddRange(Enumerable.Range(0, scale.Events));
        var again = Enumerable.Range(0, scale.Events).ToArray();
        random.Shuffle(again.AsSpan());
        order.AddRange(again.AsSpan(0, scale.SentTwice));
        order.AddRange(Enumerable.Range(0, scale.Malformed).Select(n => ~n));
        _order = [.. order];
        random.Shuffle(_order.AsSpan());
    }

    /// <summary>Events to send, repeated and malformed ones included.</summary>
    public int Length => _order.Length;

    public int Batches => (_order.Length + _batchSize - 1) / _batchSize;

    /// <summary>Makes one batch and the refusals that it must meet: the reason by the event's index.</summary>
    public (PublishEventsRequest Request, Dictionary<int, string> Refusals) Batch(int number)
    {
        var request = new PublishEventsRequest();
        var refusals = new Dictionary<int, string>();
        foreach (var entry in _order.AsSpan(number * _batchSize, Math.Min(_batchSize, _order.Length - (number * _batchSize))))
        {
            if (entry >= 0)
            {
                request.Events.Add(_factory.Make(_crowd.Events[entry]));
                continue;
            }

            var (made, reason) = MalformedEvents.Make(~entry);
            refusals[request.Events.Count] = reason;
            request.Events.Add(made);
        }

        return (request, refusals);
    }
}
