using System.Buffers.Text;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.V1;
using Cdp.Rpc;
using Google.Protobuf;
using Google.Rpc;

namespace Cdp.Gateway;

/// <summary>Makes and redeems the tokens that let a reader see what a writer wrote.</summary>
public static class ReadTokens
{
    private const string Field = "after_token";
    private const int MaxLength = 64 * 1024;
    private static readonly TimeSpan PauseWhileMoving = TimeSpan.FromMilliseconds(20);

    /// <summary>Makes the text of a token.</summary>
    public static string Encode(ReadToken token) => Base64Url.EncodeToString(token.ToByteArray());

    /// <summary>A token of what two of this server's tokens name; an empty one names nothing.</summary>
    internal static string Join(string one, string other)
    {
        if (one.Length == 0 || other.Length == 0) return one + other;
        var joined = Decode(one, Field);
        foreach (var mark in Decode(other, Field).Marks)
        {
            if (joined.Marks.FirstOrDefault(m => m.Partition == mark.Partition) is { } known) known.End = Math.Max(known.End, mark.End);
            else joined.Marks.Add(mark);
        }

        return Encode(joined);
    }

    /// <summary>A token of everything that is in the log now.</summary>
    public static async ValueTask<string> OfNowAsync(GatewayPorts ports, CancellationToken cancellationToken)
    {
        var token = new ReadToken { LogEpoch = ports.Log.Epoch };
        for (var partition = 0; partition < ports.Log.Partitions; partition++)
            token.Marks.Add(new PartitionMark { Partition = partition, End = await ports.Log.EndAsync(partition, cancellationToken) });
        return Encode(token);
    }

    /// <summary>Waits until everything that a token names is applied. An empty token waits for nothing.</summary>
    /// <exception cref="RpcException">The token is malformed or belongs to another log.</exception>
    public static ValueTask WaitAsync(GatewayPorts ports, string text, CancellationToken cancellationToken) =>
        WaitAsync(ports, text, mirrored: false, cancellationToken);

    /// <summary>The same, also until the memberships that changed by it stand where members are listed and counted.</summary>
    /// <exception cref="RpcException">The token is malformed or belongs to another log.</exception>
    public static ValueTask WaitMirroredAsync(GatewayPorts ports, string text, CancellationToken cancellationToken) =>
        WaitAsync(ports, text, mirrored: true, cancellationToken);

    private static async ValueTask WaitAsync(GatewayPorts ports, string text, bool mirrored, CancellationToken cancellationToken)
    {
        if (text.Length == 0) return;
        var token = Decode(text, Field);
        RequireEpoch(ports, token, Field);
        foreach (var mark in token.Marks)
        {
            if (mark.Partition < 0 || mark.Partition >= ports.Log.Partitions || mark.End > await ports.Log.EndAsync(mark.Partition, cancellationToken))
                throw Malformed(Field);
            var partition = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(mark.Partition));
            var request = new WaitAppliedRequest { Position = mark.End, Mirrored = mirrored };
            while (true)
            {
                try
                {
                    await partition.WaitApplied(request, cancellationToken);
                    break;
                }
                catch (OwnershipLostException)
                {
                    // The partition was dropped or moves; its next activation knows where it is.
                    await Task.Delay(PauseWhileMoving, ports.Time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    // An engine gave the call up; how long is waited is for who reads to say.
                }
            }
        }
    }

    /// <summary>Refuses a token of another log.</summary>
    /// <exception cref="RpcException">It is one.</exception>
    internal static void RequireEpoch(GatewayPorts ports, ReadToken token, string field)
    {
        if (token.LogEpoch == ports.Log.Epoch) return;
        throw new RpcError(Code.FailedPrecondition, $"{field}: the token belongs to another log, which this one has replaced. Read without it.")
        {
            Reason = "TOKEN_OF_ANOTHER_LOG", FieldViolations = [new FieldViolation(field, "Belongs to another log.")],
        }.ToException();
    }

    /// <summary>Reads the text of a token.</summary>
    /// <exception cref="RpcException">It is none.</exception>
    internal static ReadToken Decode(string text, string field)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text)) throw Malformed(field);
        try
        {
            return ReadToken.Parser.ParseFrom(Base64Url.DecodeFromChars(text));
        }
        catch (InvalidProtocolBufferException)
        {
            throw Malformed(field);
        }
    }

    /// <summary>The error of a text that is no token.</summary>
    internal static RpcException Malformed(string field) =>
        RpcError.InvalidField(field, "Not a token of this server. Pass the token of PublishEvents as it is, or leave it empty.", "TOKEN_MALFORMED").ToException();
}
