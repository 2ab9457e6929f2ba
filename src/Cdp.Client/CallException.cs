using System.Collections.Immutable;
using System.Net.Http.Headers;
using Cdp.Rpc.Wire;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Client;

/// <summary>A call ended with a status other than OK.</summary>
public sealed class CallException : Exception
{
    /// <summary>Makes an exception of a status.</summary>
    public CallException(Code statusCode, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        StatusCode = statusCode;
    }

    /// <summary>The status.</summary>
    public Code StatusCode { get; }

    /// <summary>The stable reason that programs read; null when the server named none.</summary>
    public string? Reason { get; private init; }

    /// <summary>Who the reason belongs to; null without a reason.</summary>
    public string? Domain { get; private init; }

    /// <summary>Further facts about the reason.</summary>
    public ImmutableDictionary<string, string> ReasonMetadata { get; private init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The fields that were wrong.</summary>
    public ImmutableArray<BadRequest.Types.FieldViolation> FieldViolations { get; private init; } = [];

    /// <summary>How long to wait before trying again; null when the server did not say.</summary>
    public TimeSpan? RetryDelay { get; private init; }

    /// <summary>The metadata that came with the status.</summary>
    public CallMetadata Trailers { get; private init; } = [];

    internal static CallException From(Code code, HttpHeaders headers)
    {
        var trailers = CallMetadata.From(headers);
        var message = GrpcMessage.Decode(trailers.Get("grpc-message") ?? "");
        var status = Details(trailers);
        var info = Unpack<ErrorInfo>(status);
        var request = Unpack<BadRequest>(status);
        return new CallException(code, message)
        {
            Reason = info?.Reason,
            Domain = info?.Domain,
            ReasonMetadata = info?.Metadata.ToImmutableDictionary(StringComparer.Ordinal) ?? ImmutableDictionary<string, string>.Empty,
            FieldViolations = request is null ? [] : [.. request.FieldViolations],
            RetryDelay = Unpack<RetryInfo>(status)?.RetryDelay?.ToTimeSpan(),
            Trailers = trailers,
        };
    }

    private static Status? Details(CallMetadata trailers)
    {
        if (trailers.GetBytes("grpc-status-details-bin") is not [var bytes, ..])
        {
            return null;
        }

        try
        {
            return Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // The details are an extra; the status itself is known.
            return null;
        }
    }

    private static T? Unpack<T>(Status? status)
        where T : class, IMessage<T>, new()
    {
        foreach (var detail in status?.Details ?? [])
        {
            try
            {
                if (detail.TryUnpack<T>(out var unpacked))
                {
                    return unpacked;
                }
            }
            catch (InvalidProtocolBufferException)
            {
                return null;
            }
        }

        return null;
    }
}
