namespace Cdp.Domain.Decisions;

/// <summary>What decisions hold at most. Documented in docs/limits.md.</summary>
public static class DecisionLimits
{
    /// <summary>Actions of a tenant, and placements.</summary>
    public const int Definitions = 2_000;

    /// <summary>Bytes of all actions and placements of a tenant.</summary>
    public const int DefinitionBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of one payload.</summary>
    public const int PayloadBytes = 16 * 1024;

    /// <summary>Bytes of all payloads of an action.</summary>
    public const int ActionPayloadBytes = 64 * 1024;

    /// <summary>Channels that an action has payloads for.</summary>
    public const int Channels = 16;

    /// <summary>Labels of an action, and those that a placement asks for.</summary>
    public const int Labels = 16;

    /// <summary>Named rules of an action.</summary>
    public const int Rules = 7;

    /// <summary>Slots of a placement.</summary>
    public const int Slots = 20;

    /// <summary>Showings that a cap may allow.</summary>
    public const int CapShown = 100;

    /// <summary>Longest period of a cap, in seconds: 366 days.</summary>
    public const long CapPeriodSeconds = 366L * 86_400;

    /// <summary>Longest reservation, in seconds: 7 days.</summary>
    public const int ReservationSeconds = 7 * 86_400;

    /// <summary>How long an action is reserved where its placement does not say, in seconds.</summary>
    public const int DefaultReservationSeconds = 1_800;

    /// <summary>Showings that a prior may claim.</summary>
    public const long PriorShown = 1_000_000;

    /// <summary>Bytes of a decision's entry.</summary>
    public const int EntryBytes = 2 * 1024;

    /// <summary>Characters of a decision's id.</summary>
    public const int IdLength = 120;

    /// <summary>Decisions of a customer whose outcomes count.</summary>
    public const int OpenDecisions = 256;

    /// <summary>Offers and outcomes of all of them.</summary>
    public const int OpenItems = 4_096;

    /// <summary>How long the outcomes of a decision count, in microseconds: 30 days.</summary>
    public const long OutcomeMicros = 30L * 86_400 * 1_000_000;

    /// <summary>Outcomes of one decision.</summary>
    public const int Outcomes = 64;

    /// <summary>Showings and reservations of capped actions of one customer; with as many, no capped action is offered.</summary>
    public const int CapUses = 2_048;

    /// <summary>The same where customers were merged: of more, those that end last are kept.</summary>
    public const int MergedCapUses = 2 * CapUses;

    /// <summary>Actions that compete where propensities are told.</summary>
    public const int Propensities = 64;
}
