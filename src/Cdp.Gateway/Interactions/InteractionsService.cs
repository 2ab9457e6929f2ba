using Cdp.Domain.Events;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Ingest;
using Cdp.Gateway.Keys;
using Cdp.Gateway.Profiles;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cdp.Gateway.Interactions;

/// <summary>What the backend of a channel does at each touch, in one call: what happened, what now, who is it.</summary>
internal sealed class InteractionsService(GatewayPorts ports, IngestService ingest, DecisionsService decisions, ProfilesService profiles)
{
    private const string Method = "Interactions/Exchange";
    private const int MostEvents = 100;
    private const int MostPlacements = 16;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(InteractionsReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Interactions"))
        .UnaryEncoded<ExchangeRequest>("Exchange", ExchangeAsync, EventLimits.MaxBatchBytes + 1024);

    private async ValueTask<ReadOnlyMemory<byte>> ExchangeAsync(ExchangeRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        Check(caller, request);
        var identifiers = Who(caller, request);
        var purpose = request.Placements.Count > 0 || request.Profile is not null ? ReadPurposes.Of(caller, request.Purpose) : request.Purpose;
        var calls = Decides(caller, request, purpose, identifiers);
        var read = request.Profile is { } asked ? ProfilesService.Newest(ProfilesService.Checked(caller, purpose, asked.Fields, asked.Channel)) : null;

        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);

        // Everything that the request could be refused for was looked at: now it takes effect.
        var published = request.Events.Count > 0 ? await ingest.PublishAsync(caller, request.Events, context.CancellationToken) : null;
        if (published is not null) await ReadTokens.WaitAsync(ports, published.Token, context.CancellationToken);

        if (calls.Count > 0) return await DecideAsync(caller, request, calls, purpose, read, published, context.CancellationToken);
        return Response(published, [], read is null ? null : await ReadAsync(caller, request.CustomerId, identifiers, read, context.CancellationToken));
    }

    /// <summary>Asks the customer for everything at once: what it decides and shows then comes from one turn.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> DecideAsync(
        Caller caller, ExchangeRequest request, List<DecideRequest> calls, string purpose, ReadProfileRequest? read, PublishEventsResponse? published,
        CancellationToken cancellationToken)
    {
        var asked = new DecideCustomerRequest { Call = calls[0], Purpose = purpose, Newest = read is not null || request.Events.Count > 0 || request.AfterToken.Length > 0, Read = read };
        for (var i = 1; i < calls.Count; i++) asked.Further.Add(calls[i]);
        var decided = new ReadOnlyMemory<byte>[calls.Count];
        if (await decisions.FindAndDecideAsync(caller, asked, cancellationToken) is not { } reply)
        {
            for (var i = 0; i < decided.Length; i++) decided[i] = await decisions.DecideForNobodyAsync(caller, calls[i], purpose, cancellationToken);
            return Response(published, decided, profile: null);
        }

        decided[0] = reply.Response.Memory;
        for (var i = 1; i < decided.Length; i++) decided[i] = reply.Further[i - 1].Memory;
        return Response(published, decided, read is null ? null : await profiles.FinishAsync(caller, Method, read, reply.Read, cancellationToken));
    }

    private static void Check(Caller caller, ExchangeRequest request)
    {
        if (request.Events.Count > MostEvents) throw RpcError.InvalidField("events", $"Send at most {MostEvents} with one exchange; PublishEvents takes more.", "TOO_MANY_EVENTS").ToException();
        if (request.Placements.Count > MostPlacements) throw RpcError.InvalidField("placements", $"Name at most {MostPlacements}.", "TOO_MANY_PLACEMENTS").ToException();
        if (request.CustomerId.Length > 0) CustomerFinder.RequireId(request.CustomerId, "customer_id");
        if (request.Placements.Count > 0) Authenticator.Require(caller, Role.Decider);
        if (request.Profile is not null) Authenticator.Require(caller, Role.Reader);
    }

    /// <summary>By what the person is known. An event that will be refused for its identifiers names nobody.</summary>
    private static RepeatedField<Identifier> Who(Caller caller, ExchangeRequest request)
    {
        if (request.Identifiers.Count > EventLimits.MaxIdentifiers)
            throw RpcError.InvalidField("identifiers", $"Name at most {EventLimits.MaxIdentifiers} identifiers of one person.", "IDENTIFIERS_COUNT").ToException();
        var given = caller.Identifiers.Resolve(request.Identifiers);
        if (given.RefusedIndex >= 0) throw RpcError.InvalidField($"identifiers[{given.RefusedIndex}].value", given.Refusal.Message, given.Refusal.Reason).ToException();
        if (request.Identifiers.Count > 0 || request.CustomerId.Length > 0 || request.Events.Count == 0) return request.Identifiers;
        var named = request.Events[0].Identifiers;
        return named.Count <= EventLimits.MaxIdentifiers && caller.Identifiers.Resolve(named).RefusedIndex < 0 ? named : [];
    }

    /// <summary>The decisions that are asked for, each checked as if it were asked for alone.</summary>
    private static List<DecideRequest> Decides(Caller caller, ExchangeRequest request, string purpose, RepeatedField<Identifier> identifiers)
    {
        var calls = new List<DecideRequest>(request.Placements.Count);
        foreach (var asked in request.Placements)
        {
            var decide = new DecideRequest
            {
                Placement = asked.Placement,
                CustomerId = request.CustomerId,
                Purpose = purpose,
                Slots = asked.Slots,
                Mode = asked.Mode,
                Consistency = asked.Consistency,
                OmitRemoved = asked.OmitRemoved,
            };
            decide.Identifiers.Add(identifiers);
            decide.Context.Add(request.Context);
            DecisionsService.Check(caller, decide, $"placements[{calls.Count}].");
            calls.Add(decide);
        }

        return calls;
    }

    /// <summary>The profile of the first that is known: the customer that is named, then by the strength of the identifiers.</summary>
    private async Task<ByteString?> ReadAsync(
        Caller caller, string customerId, RepeatedField<Identifier> identifiers, ReadProfileRequest read, CancellationToken cancellationToken)
    {
        if (customerId.Length > 0 && await profiles.ReadAsync(caller, Method, new CustomerRef { CustomerId = customerId }, "customer_id", read, cancellationToken) is { } named) return named;
        var resolved = caller.Identifiers.Resolve(identifiers);
        for (var i = 0; i < resolved.Count; i++)
        {
            var reference = new CustomerRef { Identifier = identifiers[resolved.KeyAt(i).Index] };
            if (await profiles.ReadAsync(caller, Method, reference, "identifiers", read, cancellationToken) is { } profile) return profile;
        }

        return null;
    }

    /// <summary>An <see cref="ExchangeResponse"/> around answers that customers handed over encoded.</summary>
    private static byte[] Response(PublishEventsResponse? published, ReadOnlyMemory<byte>[] decisions, ByteString? profile)
    {
        var fields = new List<(int Number, ByteString Value)>(decisions.Length + 2);
        if (published is not null) fields.Add((ExchangeResponse.PublishedFieldNumber, published.ToByteString()));
        foreach (var decision in decisions) fields.Add((ExchangeResponse.DecisionsFieldNumber, UnsafeByteOperations.UnsafeWrap(decision)));
        if (profile is not null) fields.Add((ExchangeResponse.ProfileFieldNumber, profile));

        var bytes = new byte[fields.Sum(field => CodedOutputStream.ComputeTagSize(field.Number) + CodedOutputStream.ComputeBytesSize(field.Value))];
        using var output = new CodedOutputStream(bytes);
        foreach (var (number, value) in fields)
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(value);
        }

        output.CheckNoSpaceLeft();
        return bytes;
    }
}
