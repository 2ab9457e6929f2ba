using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Google.Protobuf;

namespace Cdp.Grains.Partitions;

/// <summary>Events that count for nobody, each with its reason, by tenant and place in the log.</summary>
internal static class DeadLetters
{
    /// <summary>Reason of an event on which the fold throws.</summary>
    public const string FoldFailed = "FOLD_FAILED";

    /// <summary>Keeps one. An event has one letter: the first.</summary>
    /// <returns>False where it has one already.</returns>
    public static async ValueTask<bool> KeepAsync(IStateStore states, string tenant, DeadLetter letter, CancellationToken cancellationToken)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{tenant}/{letter.Partition:D4}/{letter.Position:D19}");
        return await states.WriteAsync(PartitionGrain.DeadLetterKind, key, letter.ToByteArray(), null, cancellationToken) is not null;
    }
}
