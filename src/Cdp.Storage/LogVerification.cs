namespace Cdp.Storage;

/// <summary>What a walk over the whole log found.</summary>
/// <param name="Records">Sound records.</param>
/// <param name="Bytes">Bytes of their payloads.</param>
/// <param name="Blanked">Records of them whose payload was erased.</param>
/// <param name="Damaged">Places that cannot be read, at most one a partition: the first.</param>
public sealed record LogVerification(long Records, long Bytes, long Blanked, IReadOnlyList<LogDamagedException> Damaged);
