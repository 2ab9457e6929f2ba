using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Audit;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Decisions;
using Cdp.Gateway.Identities;
using Cdp.Gateway.Keys;
using Cdp.Grains.Customers;
using Cdp.Grains.Identities;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Rpc;

namespace Cdp.Gateway.Profiles;

/// <summary>Reads customers, each time for a declared purpose.</summary>
internal sealed class ProfilesService(GatewayPorts ports, CustomerFinder finder, ConsentGate consents, AuditTrail trail, AuditedCalls audited)
{
    private const string GetProfileMethod = "Profiles/GetProfile";
    private const int MostCustomers = 100;
    private const int MostFields = 200;
    private const int DefaultPage = 100;

    private readonly OutcomeLedger _outcomes = new(ports, finder);

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(ProfilesReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Profiles"))
        .UnaryEncoded<GetProfileRequest>("GetProfile", GetProfileAsync)
        .UnaryEncoded<BatchGetProfilesRequest>("BatchGetProfiles", BatchGetProfilesAsync)
        .Unary("ListEvents", audited.ReadOf<ListEventsRequest, ListEventsResponse>(ListEventsAsync, r => r.Customer, r => r.Purpose, ProfileFields.RecentEvents));

    private ValueTask<ReadOnlyMemory<byte>> GetProfileAsync(GetProfileRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var read = Checked(caller, request.Purpose, request.Fields, request.Channel);
        if (request.AfterToken.Length > 0) return GetProfileAfterAsync(caller, read, request, context);
        var reading = ReadAsync(caller, GetProfileMethod, request.Customer, "customer", read, context.CancellationToken);
#pragma warning disable VSTHRD103 // Not a wait: it says that it completed.
        return reading.IsCompletedSuccessfully ? new(ResponseWith(reading.Result)) : RespondAsync(reading);
#pragma warning restore VSTHRD103
    }

    private async ValueTask<ReadOnlyMemory<byte>> GetProfileAfterAsync(
        Caller caller, ReadProfileRequest read, GetProfileRequest request, ServerCallContext context)
    {
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        return ResponseWith(await ReadAsync(caller, GetProfileMethod, request.Customer, "customer", Newest(read), context.CancellationToken));
    }

    private static async ValueTask<ReadOnlyMemory<byte>> RespondAsync(ValueTask<ByteString?> reading) => ResponseWith(await reading);

    private static byte[] ResponseWith(ByteString? profile) => EncodedReplies.Profile(profile ?? throw CustomerFinder.NotFound());

    private async ValueTask<ReadOnlyMemory<byte>> BatchGetProfilesAsync(BatchGetProfilesRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        if (request.Customers.Count is 0 or > MostCustomers)
            throw RpcError.InvalidField("customers", $"Name 1 to {MostCustomers} customers.", "TOO_MANY_CUSTOMERS").ToException();
        var read = Checked(caller, request.Purpose, request.Fields, request.Channel);
        if (request.AfterToken.Length > 0)
        {
            await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
            read = Newest(read);
        }

        return EncodedReplies.Profiles(await Task.WhenAll(request.Customers.Select(OneAsync)));

        async Task<(ByteString? Profile, string Reason)> OneAsync(CustomerRef customer, int index)
        {
            try
            {
                return (await ReadAsync(caller, "Profiles/BatchGetProfiles", customer, $"customers[{index}]", read, context.CancellationToken), CustomerFinder.NotFoundReason);
            }
            catch (RpcException e) when (e.Error.Code == Code.InvalidArgument)
            {
                return (null, e.Error.Reason ?? string.Empty);
            }
        }
    }

    private async ValueTask<ListEventsResponse> ListEventsAsync(ListEventsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        var purpose = ReadPurposes.Of(caller, request.Purpose);
        var view = caller.Definitions.View(purpose, [ProfileFields.RecentEvents]);
        if (view.RecentEvents != FieldAccess.Visible) throw ReadPurposes.Withheld(purpose, ProfileFields.RecentEvents);
        var size = Pages.SizeOf(request.PageSize, DefaultPage, PageTokens.IsEventToken(request.PageToken));
        await ReadTokens.WaitAsync(ports, request.AfterToken, context.CancellationToken);
        var read = new ReadEventsRequest { PageSize = size, PageToken = request.PageToken, Newest = request.AfterToken.Length > 0 };
        var reply = await finder.CallAsync(
            caller, request.Customer, "customer", static (customer, read, cancellationToken) => customer.ReadEvents(read, cancellationToken), read,
            static r => (r.Standing, r.ForwardedTo), context.CancellationToken) ?? throw CustomerFinder.NotFound();
        await consents.RequireAsync(caller, request.Customer, purpose, read.Newest, context.CancellationToken);
        var response = new ListEventsResponse { NextPageToken = reply.NextPageToken };
        response.Events.AddRange(reply.Events);
        if (reply.Outcomes.Count > 0) await AddCreditsAsync(caller, reply.Outcomes, response, context.CancellationToken);
        return response;
    }

    /// <summary>Says what the outcomes changed that events carry.</summary>
    private async ValueTask AddCreditsAsync(Caller caller, RepeatedField<LogEntry> outcomes, ListEventsResponse response, CancellationToken cancellationToken)
    {
        var credits = await _outcomes.ReadAsync(caller, outcomes, carried: true, cancellationToken);
        var events = response.Events;
        for (var (i, at) = (0, 0); at < outcomes.Count; i++)
        {
            if ((events[i].Partition, events[i].Position) != (outcomes[at].Partition, outcomes[at].Position)) continue;

            // What a customer answered is frozen.
            events[i] = events[i].Clone();
            events[i].OutcomeCredit = credits[at++];
        }
    }

    /// <summary>A read that may be made.</summary>
    /// <exception cref="RpcException">The purpose or a field does not exist.</exception>
    internal static ReadProfileRequest Checked(Caller caller, string purpose, RepeatedField<string> fields, string channel)
    {
        if (channel.Length > EventLimits.MaxNameLength) throw RpcError.InvalidField("channel", $"Give at most {EventLimits.MaxNameLength} characters.", Reasons.ChannelTooLong).ToException();
        if (fields.Count > MostFields) throw RpcError.InvalidField("fields", $"Name at most {MostFields} fields.", "TOO_MANY_FIELDS").ToException();
        for (var i = 0; i < fields.Count; i++)
        {
            if (!ProfileFields.IsValid(fields[i]))
                throw RpcError.InvalidField($"fields[{i}]", $"Not a field of a profile. Name {ProfileFields.Valid}.", "FIELD_UNKNOWN").ToException();
        }

        purpose = ReadPurposes.Of(caller, purpose);
        if (fields.Count == 0 && channel.Length == 0) return caller.UsualRead(purpose);
        var request = new ReadProfileRequest { Purpose = purpose, Channel = channel };
        request.Fields.AddRange(fields);
        return request;
    }

    /// <summary>The same read by who has a token.</summary>
    internal static ReadProfileRequest Newest(ReadProfileRequest read) => new(read) { Newest = true };

    /// <summary>The encoded profile, noted as told; null when there is no such customer.</summary>
    internal ValueTask<ByteString?> ReadAsync(
        Caller caller, string method, CustomerRef? customer, string field, ReadProfileRequest read, CancellationToken cancellationToken)
    {
        var calling = finder.CallAsync(
            caller, customer, field, static (customer, read, cancellationToken) => customer.ReadProfile(read, cancellationToken), read,
            static r => (r.Standing, r.ForwardedTo), cancellationToken);
        var identifiers = caller.Definitions.View(read.Purpose, read.Fields).Identifiers;
#pragma warning disable VSTHRD103 // Not a wait: it says that it completed.
        return calling.IsCompletedSuccessfully && !identifiers.IsAsked
            ? new(Told(caller, method, read, calling.Result?.Profile))
            : FinishAsync(caller, method, read, calling, identifiers, cancellationToken);
#pragma warning restore VSTHRD103
    }

    private async ValueTask<ByteString?> FinishAsync(
        Caller caller, string method, ReadProfileRequest read, ValueTask<ReadProfileReply?> calling, FieldGroup identifiers, CancellationToken cancellationToken)
    {
        if (await calling is not { } reply) return null;
        Told(caller, method, read, reply.Profile);
        if (!identifiers.IsAsked || reply.ConsentMissing) return reply.Profile;

        // Encoded messages that follow one another are one message, their repeated fields joined.
        var more = await IdentifiersAsync(caller, EncodedReplies.CustomerId(reply.Profile), identifiers, read.Newest, cancellationToken);
        return ByteString.CopyFrom([.. reply.Profile.Span, .. more.ToByteArray()]);
    }

    /// <summary>The encoded profile of a reply to a read that was asked for with something else, noted as told.</summary>
    internal ValueTask<ByteString?> FinishAsync(Caller caller, string method, ReadProfileRequest read, ReadProfileReply reply, CancellationToken cancellationToken) =>
        FinishAsync(caller, method, read, new ValueTask<ReadProfileReply?>(reply), caller.Definitions.View(read.Purpose, read.Fields).Identifiers, cancellationToken);

    private ByteString? Told(Caller caller, string method, ReadProfileRequest read, ByteString? profile)
    {
        if (profile is not null) trail.Read(caller, method, EncodedReplies.CustomerId(profile), read.Purpose, read.Fields.Count == 0 ? string.Empty : string.Join(',', read.Fields));
        return profile;
    }

    /// <summary>The part of a profile that the identity has and the customer has not.</summary>
    private async ValueTask<Profile> IdentifiersAsync(Caller caller, string customerId, FieldGroup asked, bool newest, CancellationToken cancellationToken)
    {
        var profile = new Profile();
        var withheld = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var fact in IdentityFacts.AllAsync(ports.Grains.Get<IIdentity>(caller.Tenant), customerId, newest, cancellationToken))
        {
            if ((fact.Minted?.Identifier ?? fact.Linked?.Identifier) is not { } identifier) continue;
            if (asked.Of(identifier.Namespace) == FieldAccess.Visible)
                profile.Identifiers.Add(new ProfileIdentifier { Identifier = identifier, LinkedAt = fact.DecidedAt });
            else if (asked.NamesAsWithheld(identifier.Namespace)) withheld.Add(identifier.Namespace);
        }

        foreach (var name in withheld) profile.Withheld.Add(new Withheld { Field = ProfileFields.IdentifierPrefix + name, Reason = ProfileView.PurposeReason });
        return profile;
    }
}
