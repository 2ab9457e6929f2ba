namespace Cdp.Grains.Identities;

/// <summary>Rows captured for writing.</summary>
/// <param name="WriteAsync">Writes them and moves the mark.</param>
/// <param name="Restore">Takes back what was not written.</param>
internal sealed record IdentityFlush(Func<Task> WriteAsync, Action Restore);

/// <summary>The rows that deciding a question may read.</summary>
/// <param name="Keys">Keys of its identifiers.</param>
/// <param name="Anchor">Key of the one that decides whose the event is.</param>
internal readonly record struct IdentityQuestionNeeds(string[] Keys, string Anchor);
