using Cdp.Domain.Tenants;
using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>
/// Runs of events as joining intervals. Only the newest are held; what lies near or below the older ones, or leaves a gap
/// that one of them would fill, cannot be absorbed.
/// </summary>
internal static class SessionFold
{
    /// <summary>Tells whether an event at <paramref name="at"/> can be absorbed exactly.</summary>
    public static bool CanAbsorb(ProfileState state, long at, long pause)
    {
        if (state.OlderSessions == 0)
            return true;
        if (at <= state.OlderSessionsEnd + pause)
            return false;
        int next = FirstEndingAtOrAfter(state, at - pause);
        return next + 1 >= state.Sessions.Count || state.Sessions[next + 1].Start - pause > at;
    }

    public static void Absorb(ProfileState state, long at, Definitions definitions) =>
        Add(state, at, at, 1, definitions.SessionPauseMicros);

    /// <summary>Merges the sessions of two customers; null where that cannot be done exactly.</summary>
    public static ProfileState? Merged(ProfileState into, ProfileState other, Definitions definitions)
    {
        if (into.OlderSessions > 0 && other.OlderSessions > 0)
            return null;
        var (full, part) = other.OlderSessions > 0 ? (other, into) : (into, other);
        long pause = definitions.SessionPauseMicros;
        if (full.OlderSessions > 0 && part.Sessions.Count > 0 && part.Sessions[0].Start <= full.OlderSessionsEnd + pause)
            return null;
        var merged = new ProfileState { OlderSessions = full.OlderSessions, OlderSessionsEnd = full.OlderSessionsEnd };
        merged.Sessions.Add(full.Sessions.Select(session => session.Clone()));
        foreach (var session in part.Sessions)
            Join(merged, session.Start, session.End, session.Events, pause);
        if (merged.OlderSessions > 0 && merged.Sessions.Count < ProfileLimits.Sessions)
            return null;
        Trim(merged);
        return merged;
    }

    private static void Add(ProfileState state, long start, long end, long events, long pause)
    {
        Join(state, start, end, events, pause);
        Trim(state);
    }

    private static void Join(ProfileState state, long start, long end, long events, long pause)
    {
        var sessions = state.Sessions;
        int first = FirstEndingAtOrAfter(state, start - pause);
        if (first == sessions.Count || sessions[first].Start - pause > end)
        {
            if (sessions.Count == 0)
                sessions.Capacity = 1;
            sessions.Insert(first, new SessionState { Start = start, End = end, Events = events });
            return;
        }

        var joined = sessions[first];
        joined.Start = Math.Min(joined.Start, start);
        joined.End = Math.Max(joined.End, end);
        joined.Events += events;
        while (first + 1 < sessions.Count && sessions[first + 1].Start - pause <= joined.End)
        {
            joined.End = Math.Max(joined.End, sessions[first + 1].End);
            joined.Events += sessions[first + 1].Events;
            sessions.RemoveAt(first + 1);
        }
    }

    private static void Trim(ProfileState state)
    {
        while (state.Sessions.Count > ProfileLimits.Sessions)
        {
            state.OlderSessions++;
            state.OlderSessionsEnd = state.Sessions[0].End;
            state.Sessions.RemoveAt(0);
        }
    }

    // Most events belong to the last session: looked for from the end.
    private static int FirstEndingAtOrAfter(ProfileState state, long at)
    {
        int index = state.Sessions.Count;
        while (index > 0 && state.Sessions[index - 1].End >= at)
            index--;
        return index;
    }
}
