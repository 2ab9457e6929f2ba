using Cdp.Domain.Consent;
using Cdp.Domain.Expressions;
using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>The purposes that a set of actions serves, each once: what is allowed is asked once for a decision. Immutable.</summary>
internal sealed class ConsentTable
{
    private const int NoPurpose = -1;
    private const int MostOnStack = 256;

    private readonly PurposeRules _rules;
    private readonly PurposeRule?[] _served;
    private readonly int[] _serves;
    private readonly bool[] _readsCustomer;

    /// <summary>Makes the table of some actions.</summary>
    public ConsentTable(IReadOnlyList<CompiledAction> actions, PurposeRules rules)
    {
        _rules = rules;
        string[] purposes = [.. actions.Select(action => action.Definition.Purpose).Where(purpose => purpose.Length > 0).Distinct(StringComparer.Ordinal)];
        _served = [.. purposes.Select(rules.Find)];
        _serves = [.. actions.Select(action => Array.IndexOf(purposes, action.Definition.Purpose))];
        _readsCustomer = [.. actions.Select(action => action.Facets.Any())];
    }

    /// <summary>Removes what the customer does not allow.</summary>
    /// <param name="purpose">For which the call reads the customer.</param>
    /// <param name="channel">The placement's.</param>
    /// <param name="subject">The customer, the time and the call.</param>
    /// <param name="removals">What removed each action so far.</param>
    public void Screen(string purpose, string channel, in Subject subject, Span<Removal> removals)
    {
        var profile = WithSignalOf(subject);
        long now = subject.NowMicros;
        bool mayRead = ConsentRules.Allows(profile, _rules.Find(purpose), channel, now);
        if (mayRead && _served.Length == 0)
            return;
        var allowed = _served.Length <= MostOnStack ? stackalloc bool[_served.Length] : new bool[_served.Length];
        for (int i = 0; i < allowed.Length; i++)
            allowed[i] = ConsentRules.Allows(profile, _served[i], channel, now);
        for (int i = 0; i < removals.Length; i++)
        {
            if (removals[i] == Removal.None && ((!mayRead && _readsCustomer[i]) || (_serves[i] != NoPurpose && !allowed[_serves[i]])))
                removals[i] = Removal.Consent;
        }
    }

    /// <summary>The customer's state, as if the call's context had been an event's.</summary>
    private static ProfileState WithSignalOf(in Subject subject)
    {
        if (subject.Profile.HasFirstGpc || subject.Call is not { Context.Count: > 0 } call || !PrivacySignal.IsIn(call.Context))
            return subject.Profile;
        return new ProfileState { Consents = { subject.Profile.Consents }, MoreConsents = subject.Profile.MoreConsents, FirstGpc = subject.NowMicros };
    }
}
