using System.Globalization;
using Cdp.Domain.Events;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using DeadLetter = Cdp.V1.DeadLetter;

namespace Cdp.Gateway.Events;

/// <summary>Lists events that count for nobody, and publishes them anew.</summary>
internal sealed class DeadLetterOffice(GatewayPorts ports, IngestService ingest)
{
    private const int UsualPage = 100;
    private const int MostRetries = 1_000;

    /// <summary>Retries of one step, each of which may take 256 KB.</summary>
    private const int Step = 64;

    private const int MostPageBytes = 1 << 20;

    /// <summary>A dead letter as it is shown.</summary>
    public static DeadLetter Told(State.V1.DeadLetter letter, LoggedEvent? logged, bool withContent)
    {
        var told = new DeadLetter
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{letter.Partition}-{letter.Position}"),
            Reason = letter.Reason,
            ReceivedAt = new Timestamp { UnixMicros = letter.At },
            RetriedAt = letter.RetriedAt > 0 ? new Timestamp { UnixMicros = letter.RetriedAt } : null,
            ContentGone = logged is null or { Erased: true },
        };
        if (told.ContentGone) return told;
        (told.Field, told.Message, told.KeyId, told.Source) = (logged!.Refused?.Field ?? string.Empty, logged.Refused?.Message ?? string.Empty, logged.ApiKeyId, logged.Refused?.Source ?? logged.Source);
        var bytes = BytesOf(logged);
        if (EventReader.TryHead(bytes.Span) is { } head)
        {
            (told.EventId, told.Type, told.Channel) = (head.Id, head.Type, head.Channel);
        }

        if (!withContent) return told;
        told.Event = EventReader.TryWhole(bytes.Span);
        if (told.Event is null) told.Raw = bytes;
        return told;
    }

    /// <summary>Reads a page.</summary>
    /// <exception cref="RpcException">The request is wrong.</exception>
    public async ValueTask<ListDeadLettersResponse> ListAsync(Caller caller, ListDeadLettersRequest request, CancellationToken cancellationToken)
    {
        var isToken = TryReadToken(request.PageToken, out var partition, out var from);
        var size = Pages.SizeOf(request.PageSize, UsualPage, isToken);
        var response = new ListDeadLettersResponse();
        var known = new HashSet<string>(StringComparer.Ordinal);
        var (looked, bytes) = (0, 0);
        while (partition < ports.Log.Partitions)
        {
            var grain = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(partition));
            var read = new ReadDeadLettersRequest { Tenant = caller.Tenant, From = from, Most = size - response.DeadLetters.Count };
            var page = await Overtaken.AgainAsync(grain.ReadDeadLetters, read, cancellationToken);
            foreach (var kept in page.Letters.Where(kept => kept.Letter is not null))
            {
                var told = Told(kept.Letter, kept.Event, request.WithContent);
                if (!IsWanted(request, told) || !known.Add(told.Id)) continue;
                response.DeadLetters.Add(told);
                bytes += told.CalculateSize();
            }

            looked += page.Letters.Count;
            (partition, from) = page.Next < 0 ? (partition + 1, 0) : (partition, page.Next);

            // Of many that were not asked for, too, a page ends.
            if (response.DeadLetters.Count >= size || bytes >= MostPageBytes || looked >= Pages.MostEntries) break;
        }

        if (partition < ports.Log.Partitions) response.NextPageToken = string.Create(CultureInfo.InvariantCulture, $"{partition}-{from}");
        return response;
    }

    /// <summary>Publishes dead letters anew.</summary>
    /// <exception cref="RpcException">The request is wrong, or nothing can be published now.</exception>
    public async ValueTask<RetryDeadLettersResponse> RetryAsync(Caller caller, RetryDeadLettersRequest request, CancellationToken cancellationToken)
    {
        if (request.Retries.Count is 0 or > MostRetries) throw RpcError.InvalidField("retries", $"Name 1 to {MostRetries} dead letters.", "RETRIES_COUNT").ToException();
        var places = new (int Partition, long Position)[request.Retries.Count];
        for (var i = 0; i < places.Length; i++)
        {
            if (!TryReadToken(request.Retries[i].Id, out places[i].Partition, out places[i].Position) || request.Retries[i].Id.Length == 0)
                throw RpcError.InvalidField($"retries[{i}].id", "Not the id of a dead letter. Pass it as ListDeadLetters returns it.", "DEAD_LETTER_ID_INVALID").ToException();
        }

        var response = new RetryDeadLettersResponse();
        for (var first = 0; first < places.Length; first += Step)
            await RetryAsync(caller, request, places, first, Math.Min(first + Step, places.Length), response, cancellationToken);
        return response;
    }

    private async ValueTask RetryAsync(
        Caller caller, RetryDeadLettersRequest request, (int Partition, long Position)[] places, int first, int end, RetryDeadLettersResponse response, CancellationToken cancellationToken)
    {
        var kept = await GetAsync(caller, places[first..end], cancellationToken);
        var published = new List<(int Index, RetriedEvent Event)>();
        for (var i = first; i < end; i++)
        {
            var result = new DeadLetterResult { Id = request.Retries[i].Id };
            response.Results.Add(result);
            if (!kept.TryGetValue(places[i], out var letter)) result.Refused = new RefusedDeadLetter { Reason = "DEAD_LETTER_UNKNOWN", Message = "There is no such dead letter; ListDeadLetters names them." };
            else if (request.Retries[i].Repaired is null && letter.Event is null or { Erased: true })
                result.Refused = new RefusedDeadLetter { Reason = "DEAD_LETTER_CONTENT_GONE", Message = "Its content was erased or is no longer kept. Publish it from its source, or send it repaired." };
            else published.Add((i, RetriedEvent.Of(caller, letter, request.Retries[i].Repaired)));
        }

        if (published.Count == 0) return;
        var (refusals, token) = await ingest.PublishRetriedAsync([.. published.Select(retried => retried.Event)], cancellationToken);
        response.Token = ReadTokens.Join(response.Token, token);
        var settled = new List<(int Partition, long Position)>();
        for (var i = 0; i < published.Count; i++)
        {
            var (result, refusal) = (response.Results[published[i].Index], refusals[i]);
            result.EventId = published[i].Event.Id;
            result.Accepted = refusal is null;
            if (refusal is null) settled.Add(places[published[i].Index]);
            else result.Refused = new RefusedDeadLetter { Reason = refusal.Reason, Field = refusal.Field, Message = refusal.Message };
        }

        await SettleAsync(caller, settled, cancellationToken);
    }

    private static bool IsWanted(ListDeadLettersRequest request, DeadLetter told) =>
        (request.WithRetried || told.RetriedAt is null)
        && (request.Reason.Length == 0 || request.Reason == told.Reason)
        && (request.Source.Length == 0 || request.Source == told.Source);

    private static ByteString BytesOf(LoggedEvent logged) => logged.Refused?.Raw ?? logged.Event;

    private async ValueTask<Dictionary<(int Partition, long Position), KeptLetter>> GetAsync(Caller caller, (int Partition, long Position)[] places, CancellationToken cancellationToken)
    {
        var found = new Dictionary<(int, long), KeptLetter>();
        foreach (var group in places.Where(place => place.Partition < ports.Log.Partitions).GroupBy(place => place.Partition))
        {
            var request = new GetDeadLettersRequest { Tenant = caller.Tenant, Positions = { group.Select(place => place.Position).Distinct() } };
            var grain = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(group.Key));
            foreach (var letter in (await Overtaken.AgainAsync(grain.GetDeadLetters, request, cancellationToken)).Letters) found[(letter.Letter.Partition, letter.Letter.Position)] = letter;
        }

        return found;
    }

    private async ValueTask SettleAsync(Caller caller, List<(int Partition, long Position)> places, CancellationToken cancellationToken)
    {
        foreach (var group in places.GroupBy(place => place.Partition))
        {
            var request = new SettleDeadLettersRequest { Tenant = caller.Tenant, Positions = { group.Select(place => place.Position) }, RetriedAt = ports.NowMicros };
            await Overtaken.AgainAsync(ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(group.Key)).SettleDeadLetters, request, cancellationToken);
        }
    }

    private static bool TryReadToken(string text, out int partition, out long from)
    {
        (partition, from) = (0, 0);
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return text.Length == 0
            || (dash > 0 && int.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out partition)
                && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out from));
    }
}
