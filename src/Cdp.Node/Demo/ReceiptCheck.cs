using System.Security.Cryptography;
using Cdp.Client;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Node.Demo;

/// <summary>Decisions as they were answered, to be compared byte by byte with what a replay makes of them.</summary>
internal sealed class ReceiptCheck
{
    private static readonly CallOptions Patience = new() { Timeout = TimeSpan.FromSeconds(30) };

    private readonly Dictionary<string, byte[]> _answered = [];

    /// <summary>Keeps an answer.</summary>
    public void Keep(DecideResponse decision) => _answered.Add(decision.DecisionId, decision.ToByteArray());

    /// <summary>Has a decision explained.</summary>
    public static Task<ExplainDecisionResponse> ExplainAsync(CdpClient client, string decision, CancellationToken cancel) =>
        client.Decisions.ExplainDecisionAsync(new ExplainDecisionRequest { DecisionId = decision, Purpose = "service" }, Patience, cancel);

    /// <summary>Has all of them replayed, and proves that the bytes are the same.</summary>
    public async Task RunAsync(CdpClient client, DemoReport report, CancellationToken cancel)
    {
        var proof = new Proof("receipt");
        var bytes = 0;
        using var replayed = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (decision, answered) in _answered)
        {
            var again = (await ExplainAsync(client, decision, cancel)).Decision.ToByteArray();
            if (!again.AsSpan().SequenceEqual(answered)) proof.Fail($"expected decision {decision} as it was answered ({HashOf(answered)}), got {HashOf(again)}");
            bytes += again.Length;
            replayed.AppendData(again);
        }

        var hash = Convert.ToHexStringLower(replayed.GetHashAndReset())[..16];
        report.Prove(proof, $"{_answered.Count} decisions replayed after the merge, the edits and the kill to the same {bytes:N0} bytes (SHA-256 {hash}…)");
    }

    private static string HashOf(byte[] bytes) => $"{bytes.Length} bytes, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}…";
}
