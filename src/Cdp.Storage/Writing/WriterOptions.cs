namespace Cdp.Storage.Writing;

/// <summary>How a writer gathers.</summary>
/// <param name="TransactionBytes">Bytes of values that one transaction takes at most (a larger value has one of its own).</param>
/// <param name="QueueBytes">Bytes of values that wait at most; callers beyond wait before the queue, in their order.</param>
/// <param name="Patience">How long writes that can wait do so for others.</param>
internal sealed record WriterOptions(int TransactionBytes, long QueueBytes, TimeSpan Patience);
