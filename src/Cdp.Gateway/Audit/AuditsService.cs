using System.Buffers.Text;
using Cdp.Domain.Audit;
using Cdp.Domain.Tenants;
using Cdp.Gateway.Keys;
using Cdp.Grains.Audit;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Gateway.Audit;

/// <summary>Tells what was written down of who read and who changed.</summary>
internal sealed class AuditsService(GatewayPorts ports, AuditTrail trail, AuditedCalls audited)
{
    private const int UsualPage = 100;

    /// <summary>Bytes of blocks that one page looks through.</summary>
    private const int MostBytes = 16 << 20;

    /// <summary>The service as the server binds it.</summary>
    public RpcService Bind() => RpcService.For(Cdp.V1.AuditReflection.Descriptor.FindTypeByName<Google.Protobuf.Reflection.ServiceDescriptor>("Audits"))
        .Unary("ListAuditRecords", audited.Read<ListAuditRecordsRequest, ListAuditRecordsResponse>(ListAsync, (r, _) => r.Subject, fields: "audit"))
        .ServerStreaming("ReadAuditBlocks", audited.Read<ReadAuditBlocksRequest, ReadAuditBlocksResponse>(ReadBlocksAsync, _ => string.Empty, "audit"));

    private async ValueTask<ListAuditRecordsResponse> ListAsync(ListAuditRecordsRequest request, ServerCallContext context)
    {
        var caller = Authenticator.CallerOf(context);
        Require(request.Subject, "subject");
        Require(request.Actor, "actor");
        var isToken = TryReadToken(request.PageToken, out var place);
        var size = Pages.SizeOf(request.PageSize, UsualPage, isToken);
        await trail.FlushAsync(caller.Tenant);
        var (from, until) = (request.From?.UnixMicros ?? 0, request.Until?.UnixMicros ?? long.MaxValue);
        var response = new ListAuditRecordsResponse();
        var read = new ReadAuditRequest { Day = place.Day, Block = place.Block, MaxBytes = AuditTrail.ReadBytes, From = place.Day.Length > 0 ? 0 : from };
        for (var looked = 0; looked < MostBytes;)
        {
            var reply = await ports.Grains.Get<IAudit>(caller.Tenant).Read(read, context.CancellationToken);
            foreach (var bytes in reply.Blocks)
            {
                looked += bytes.Length;
                foreach (var record in AuditRecords.Of(AuditBlock.Parser.ParseFrom(bytes)))
                {
                    if (record.Number <= place.Number || !IsWanted(record)) continue;
                    if (response.Records.Count == size)
                    {
                        response.NextPageToken = Token(read, response.Records[^1].Number);
                        return response;
                    }

                    response.Records.Add(record);
                }
            }

            if (reply.AtEnd) return response;
            (read.Day, read.Block) = (reply.NextDay, reply.NextBlock);
        }

        response.NextPageToken = Token(read, place.Number);
        return response;

        bool IsWanted(AuditRecord record) =>
            (request.Subject.Length == 0 || record.Subject == request.Subject) && (request.Actor.Length == 0 || record.Actor == request.Actor)
            && (request.Kind == AuditKind.Unspecified || record.Kind == request.Kind) && record.At.UnixMicros >= from && record.At.UnixMicros < until;
    }

    private async Task ReadBlocksAsync(ReadAuditBlocksRequest request, IServerStreamWriter<ReadAuditBlocksResponse> responses, ServerCallContext context)
    {
        await foreach (var blocks in trail.BlocksAsync(Authenticator.CallerOf(context).Tenant, from: 0, context.CancellationToken))
            await responses.WriteAsync(new ReadAuditBlocksResponse { Blocks = { blocks } });
    }

    private static void Require(string name, string field)
    {
        if (name.Length > AuditRecords.MaxSubject) throw RpcError.InvalidField(field, $"Give at most {AuditRecords.MaxSubject} characters.", TenantReasons.FieldInvalid).ToException();
    }

    /// <summary>Where the blocks are that the next page begins with, and the last record that was shown.</summary>
    private static string Token(ReadAuditRequest read, long number) => Base64Url.EncodeToString(new AuditPlace { Day = read.Day, Block = read.Block, Number = number }.ToByteArray());

    private static bool TryReadToken(string token, out AuditPlace place)
    {
        place = new AuditPlace();
        if (token.Length == 0) return true;
        if (!Base64Url.IsValid(token)) return false;
        try
        {
            place = AuditPlace.Parser.ParseFrom(Base64Url.DecodeFromChars(token));
            return place.Block >= 0 && place.Day.All(char.IsAsciiDigit);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
