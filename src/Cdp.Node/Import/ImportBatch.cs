using Cdp.Domain.Events;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>A run of units that is published in one call and accounted for as one.</summary>
internal sealed class ImportBatch
{
    // Leaves room for the frame around the events.
    public const int MaxBytes = EventLimits.MaxBatchBytes - (64 * 1024);

    // Bounds a batch of lines that are all rejected or all of one large group.
    private const int MaxUnits = 10_000;

    private readonly int _maxEvents;
    private int _bytes;

    public ImportBatch(int maxEvents)
    {
        _maxEvents = maxEvents;
    }

    public List<MappedUnit> Units { get; } = [];

    public PublishEventsRequest Request { get; } = new();

    public double? Fraction => Units[^1].Unit.Fraction;

    public bool Fits(MappedUnit unit) =>
        Units.Count < MaxUnits && Request.Events.Count < _maxEvents && (_bytes == 0 || _bytes + unit.Size <= MaxBytes);

    public void Add(MappedUnit unit)
    {
        Units.Add(unit);
        if (unit.Event is null)
            return;
        Request.Events.Add(unit.Event);

        // Tag and length of the event within the request.
        _bytes += unit.Size + 6;
    }
}
