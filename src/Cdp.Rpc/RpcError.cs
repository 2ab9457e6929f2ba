using System.Collections.Immutable;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Cdp.Rpc;

/// <summary>Why a call fails: a status of gRPC, a text for people, and the details that programs read.</summary>
/// <param name="Code">The status; never <see cref="Code.Ok"/>.</param>
/// <param name="Message">What was wrong and what to do. Reaches the client as it stands, up to 2 KB when encoded.</param>
/// <remarks>Details of more than 3 KB together are left out: clients limit the headers in which they travel.</remarks>
public sealed record RpcError(Code Code, string Message)
{
    /// <summary>A stable reason in UPPER_SNAKE_CASE, sent as <see cref="ErrorInfo"/>; null sends none.</summary>
    public string? Reason { get; init; }

    /// <summary>Further facts of the <see cref="ErrorInfo"/>; sent only with a <see cref="Reason"/>.</summary>
    public ImmutableDictionary<string, string> Metadata { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The fields that are wrong, sent as <see cref="BadRequest"/>.</summary>
    public ImmutableArray<FieldViolation> FieldViolations { get; init; } = [];

    /// <summary>How long to wait before the call is worth repeating, sent as <see cref="RetryInfo"/>.</summary>
    public TimeSpan? RetryDelay { get; init; }

    /// <summary>An error of a single field: INVALID_ARGUMENT with a <see cref="BadRequest"/>.</summary>
    public static RpcError InvalidField(string field, string description, string reason) =>
        new(Code.InvalidArgument, $"{field}: {description}")
        {
            Reason = reason,
            FieldViolations = [new FieldViolation(field, description)],
        };

    /// <summary>The exception that carries this error out of a handler.</summary>
    public RpcException ToException() => new(this);

    /// <summary>The details as <c>grpc-status-details-bin</c> carries them; null when there are none.</summary>
    internal Google.Rpc.Status? ToStatus(string domain)
    {
        if (Reason is null && FieldViolations.IsDefaultOrEmpty && RetryDelay is null)
        {
            return null;
        }

        var status = new Google.Rpc.Status { Code = (int)Code, Message = Message };
        if (Reason is not null)
        {
            var info = new ErrorInfo { Reason = Reason, Domain = domain };
            info.Metadata.Add(Metadata);
            Add(status, info);
        }

        if (!FieldViolations.IsDefaultOrEmpty)
        {
            var request = new BadRequest();
            foreach (var violation in FieldViolations)
            {
                request.FieldViolations.Add(new BadRequest.Types.FieldViolation
                {
                    Field = violation.Field,
                    Description = violation.Description,
                });
            }

            Add(status, request);
        }

        if (RetryDelay is { } delay)
        {
            Add(status, new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) });
        }

        return status;
    }

    private static void Add(Google.Rpc.Status status, IMessage detail) => status.Details.Add(Any.Pack(detail));
}
