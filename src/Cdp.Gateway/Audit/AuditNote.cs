using Cdp.V1;

namespace Cdp.Gateway.Audit;

/// <summary>A record that is not written yet.</summary>
internal readonly record struct AuditNote(long At, AuditKind Kind, string Actor, string Method, string Subject, string Purpose, string Fields, string Outcome);
