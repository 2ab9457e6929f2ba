using System.Globalization;
using Cdp.V1;

namespace Cdp.Node.Import;

/// <summary>Accounts for the lines of batches, in order, and keeps the progress.</summary>
internal sealed class ImportLedger : IDisposable
{
    private readonly ImportOptions _options;
    private readonly TimeSpan _shift;
    private readonly RejectsFile _rejects;
    private long _units;

    public ImportLedger(ImportOptions options, Checkpoint? before, TimeSpan shift)
    {
        _options = options;
        _shift = shift;
        _units = before?.Units ?? 0;
        Counters = before?.Counters ?? new ImportCounters();
        Token = before?.Token ?? "";
        _rejects = new RejectsFile(options.RejectsPath, before?.RejectsLength ?? 0);
    }

    public ImportCounters Counters { get; }

    public string Token { get; private set; }

    /// <summary>Notes what the server said of a batch; the batches before it are settled.</summary>
    public void Settle(ImportBatch batch, PublishEventsResponse response)
    {
        Check(batch, response);
        var refused = response.Refused.ToDictionary(r => r.Index);
        var index = 0;
        foreach (var unit in batch.Units)
        {
            if (unit.IsDuplicate)
                Counters.LinesDuplicate += unit.Unit.Records.Count;
            else if (unit.Rejection is not null)
                Reject(unit, unit.Rejection);
            else if (refused.Remove(index++, out var refusal))
                Refuse(unit, refusal);
            else
                Accept(unit);
        }

        if (response.Token.Length > 0)
            Token = response.Token;
        _units += batch.Units.Count;
        _rejects.Flush();
        _options.Checkpoint?.Write(new Checkpoint
        {
            Fingerprint = _options.Fingerprint,
            Units = _units,
            ShiftTicks = _shift.Ticks,
            RejectsLength = _rejects.Length,
            Token = Token,
            Counters = Counters,
        });
    }

    /// <summary>Forgets the progress of an import that reached the end.</summary>
    public void Finish() => _options.Checkpoint?.Delete();

    public void Dispose() => _rejects.Dispose();

    // An answer that does not account for every event must not move the progress.
    private static void Check(ImportBatch batch, PublishEventsResponse response)
    {
        var sent = batch.Request.Events.Count;
        var named = response.Refused.Select(r => r.Index).Where(i => i >= 0 && i < sent).Distinct().Count();
        if (named == response.Refused.Count && response.Accepted + named == sent)
            return;
        throw new ImportException(string.Create(
            CultureInfo.InvariantCulture,
            $"The server's answer does not add up: of {sent} events it accepted {response.Accepted} and refused {response.Refused.Count}. Run the import again, and report this if it stays."));
    }

    private void Accept(MappedUnit unit)
    {
        Counters.EventsAccepted++;
        Counters.LinesAccepted += unit.Unit.Records.Count;
        if (unit.IsTrimmed)
            Counters.EventsTrimmed++;
    }

    private void Refuse(MappedUnit unit, RefusedEvent refusal)
    {
        Counters.EventsRefused++;
        Reject(unit, new Rejection(refusal.Reason, refusal.Field, refusal.Message));
    }

    private void Reject(MappedUnit unit, Rejection rejection)
    {
        foreach (var record in unit.Unit.Records)
            _rejects.Add(record, rejection);
        var lines = unit.Unit.Records.Count;
        Counters.LinesRejected += lines;
        Counters.RejectedByReason[rejection.Reason] = Counters.RejectedByReason.GetValueOrDefault(rejection.Reason) + lines;
    }
}
