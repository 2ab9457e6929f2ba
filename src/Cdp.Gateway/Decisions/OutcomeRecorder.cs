using System.IO.Hashing;
using System.Runtime.InteropServices;
using Cdp.Domain.Decisions;
using Cdp.Domain.Events;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains.Ports;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Decisions;

/// <summary>
/// Takes in what became of decisions. Outcomes travel through the log, so that they are durable, ordered and learned from
/// once like everything else; the answer says what each changed when that was done.
/// </summary>
internal sealed class OutcomeRecorder(GatewayPorts ports, CustomerFinder finder)
{
    private const int MostOutcomes = 1_000;

    private readonly OutcomeLedger _ledger = new(ports, finder);

    /// <summary>Records a batch.</summary>
    public async ValueTask<RecordOutcomesResponse> RecordAsync(RecordOutcomesRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        if (request.Outcomes.Count > MostOutcomes) throw RpcError.InvalidField("outcomes", $"Send at most {MostOutcomes} at a time.", "TOO_MANY_OUTCOMES").ToException();
        var results = new OutcomeResult[request.Outcomes.Count];
        var batches = new Dictionary<int, List<int>>();
        for (var i = 0; i < results.Length; i++)
        {
            var outcome = request.Outcomes[i];
            var wrong = WrongWith(outcome, caller.Definitions.CurrencyCode);
            results[i] = new OutcomeResult { OutcomeId = outcome.Id };
            if (wrong is not null)
            {
                (results[i].Credit, results[i].Message) = (OutcomeCredit.Invalid, wrong);
                continue;
            }

            var (customer, decision) = DecisionOwner.Of(outcome);
            var partition = PartitionOf(customer.Length > 0 ? customer : decision);
            if (!batches.TryGetValue(partition, out var batch)) batches[partition] = batch = [];
            batch.Add(i);
        }

        var logged = await AppendAsync(caller, request, batches, context.CancellationToken);
        var credits = await _ledger.ReadAsync(caller, logged.ConvertAll(item => item.Entry), carried: false, context.CancellationToken);
        for (var i = 0; i < logged.Count; i++) (results[logged[i].Index].Credit, results[logged[i].Index].Message) = (credits[i], MessageOf(credits[i]));
        return new RecordOutcomesResponse { Results = { results } };
    }

    private async ValueTask<List<Logged>> AppendAsync(Caller caller, RecordOutcomesRequest request, Dictionary<int, List<int>> batches, CancellationToken cancellationToken)
    {
        foreach (var partition in batches.Keys) Admission.Check(ports, caller, partition);
        var receivedAt = ports.NowMicros;
        var token = new ReadToken { LogEpoch = ports.Log.Epoch };
        var logged = new List<Logged>(request.Outcomes.Count);
        foreach (var appended in await Task.WhenAll(batches.Select(batch => AppendAsync(batch.Key, batch.Value))))
        {
            token.Marks.Add(new Cdp.Grains.V1.PartitionMark { Partition = appended[^1].Entry.Partition, End = appended[^1].Entry.Position + 1 });
            logged.AddRange(appended);
        }

        if (logged.Count > 0) await ReadTokens.WaitMirroredAsync(ports, ReadTokens.Encode(token), cancellationToken);
        return logged;

        async Task<List<Logged>> AppendAsync(int partition, List<int> indexes)
        {
            var events = indexes.ConvertAll(i => new LoggedEvent { ReceivedAt = receivedAt, ApiKeyId = caller.Key.Id, Outcome = request.Outcomes[i] });
            var records = events.ConvertAll(made => new AppendedEvent(new LogRecord(caller.Tenant, LogRecordFlags.None, 0, made.ToByteArray()), made));
            var first = await ports.Log.AppendAsync(partition, records, cancellationToken);
            return [.. events.Select((made, i) => new Logged(indexes[i], new LogEntry { Partition = partition, Position = first + i, Tenant = caller.Tenant, Event = made }))];
        }
    }

    private int PartitionOf(string owner) => (int)(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(owner.AsSpan())) % (ulong)ports.Log.Partitions);

    private static string? WrongWith(Outcome outcome, string currency)
    {
        if (outcome.Id.Length is 0 or > EventLimits.MaxIdLength) return $"id: Give 1 to {EventLimits.MaxIdLength} characters, unique within the decision.";
        if (EventValidator.IsReserved(outcome.Id)) return "id: Ids that begin with \"cdp.\" belong to the platform. Choose another.";
        if (OutcomeValidator.Check(outcome.DecisionId, outcome.ActionId, outcome.Kind, outcome.Value, currency) is { } wrong) return $"{wrong.Field}: {wrong.Message}";
        return outcome.OccurredAt is { UnixMicros: < EventLimits.MinMicros or > EventLimits.MaxMicros } ? "occurred_at: Send microseconds since 1970-01-01T00:00:00Z." : null;
    }

    private static string MessageOf(OutcomeCredit credit) => credit switch
    {
        OutcomeCredit.Duplicate => "An outcome of this id counted before.",
        OutcomeCredit.NothingNew => "It says nothing that other outcomes of the decision do not say.",
        OutcomeCredit.DecisionLost => "The decision was lost in a crash (ASYNC), or never made.",
        OutcomeCredit.DecisionTooOld => "The decision is older than 30 days, or not among the customer's newest.",
        OutcomeCredit.NotOffered => "The decision did not rank this action.",
        OutcomeCredit.DryRun => "The decision was a dry run.",
        OutcomeCredit.TooMany => $"The decision has {DecisionLimits.Outcomes} outcomes already.",
        _ => string.Empty,
    };

    /// <summary>An outcome in the log, and its place in the request.</summary>
    private readonly record struct Logged(int Index, LogEntry Entry);
}
