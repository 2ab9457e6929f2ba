using Cdp.Domain.Consent;
using Cdp.Domain.Events;
using Cdp.Domain.Profiles;
using Cdp.Gateway.Consents;
using Cdp.Gateway.Keys;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Gateway.Ingest;

/// <summary>
/// Leaves out the events that their customers do not allow to be collected. Of an event whose identifiers belong to several
/// customers all are asked, and the acts of consent of the same batch count with what is known.
/// </summary>
internal sealed class CollectionGate(ConsentGate consents)
{
    /// <summary>Refuses the events of a batch that may not be collected; nothing of them is kept.</summary>
    public async ValueTask FilterAsync(Caller caller, List<Intake> intakes, long nowMicros, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, ProfileState?>(StringComparer.Ordinal);
        List<(RepeatedField<IdentifierKey> Keys, FoldEvent Act)>? said = null;
        for (var i = 0; i < intakes.Count; i++)
        {
            if (intakes[i] is not { Head: { } head } intake) continue;
            var purpose = caller.Definitions.Meaning(head.Type, head.Kind).Purpose;
            if (purpose.Length == 0) continue;
            said ??= ActsOf(intakes);
            var state = await StateAsync(caller, intake, head, known, cancellationToken);
            var logged = intake.Appended.Event;
            foreach (var (keys, act) in said)
            {
                if (keys.Any(key => logged.Keys.Any(own => own.Key == key.Key))) ConsentRules.Take(state, act);
            }

            if (logged.Gpc && !state.HasFirstGpc) state.FirstGpc = nowMicros;
            if (ConsentRules.Allows(state, caller.Definitions.Rules.Find(purpose), head.Channel, nowMicros)) continue;
            intakes[i] = intake with
            {
                IsDropped = true,
                EventId = head.Id,
                Refusal = new EventRefusal(
                    ConsentRules.MissingReason, "type",
                    $"Events of this type are collected for \"{purpose}\", which the customer does not allow. Nothing of the event was kept; do not send it again."),
            };
        }
    }

    /// <summary>What the customers of an event allow, taken together.</summary>
    private async ValueTask<ProfileState> StateAsync(
        Caller caller, Intake intake, EventHead head, Dictionary<string, ProfileState?> known, CancellationToken cancellationToken)
    {
        var state = new ProfileState();
        foreach (var key in intake.Appended.Event.Keys)
        {
            if (!known.TryGetValue(key.Key, out var theirs))
            {
                var reference = new CustomerRef { Identifier = head.Identifiers[key.Index] };
                known[key.Key] = theirs = (await consents.ReadAsync(caller, reference, newest: false, cancellationToken))?.State;
            }

            if (theirs is not null) ConsentRules.Join(state, theirs);
        }

        return state;
    }

    private static List<(RepeatedField<IdentifierKey> Keys, FoldEvent Act)> ActsOf(List<Intake> intakes)
    {
        var acts = new List<(RepeatedField<IdentifierKey>, FoldEvent)>();
        foreach (var intake in intakes)
        {
            if (intake.Head is not { Type: ConsentEvents.Type }) continue;
            var logged = intake.Appended.Event;
            var read = EventReader.ForFold(logged.Event.Span);
            var at = EffectiveTime.Of(read.OccurredAt, read.SentAt, logged.ReceivedAt);
            acts.Add((logged.Keys, new FoldEvent(read, logged.Source, at, logged.ReceivedAt, intake.Partition, 0, logged.Keys) { Gpc = logged.Gpc }));
        }

        return acts;
    }
}
