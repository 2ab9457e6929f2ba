using System.Globalization;
using Cdp.Client;
using Cdp.V1;
using Action = Cdp.V1.Action;

namespace Cdp.CrashKit;

/// <summary>How often one customer may be offered an action, and for how long an offer counts that nobody said was shown.</summary>
internal sealed record CapRule(int MaxShown, TimeSpan Reservation);

/// <summary>
/// Actions and placements of a run. Those without a cap are edited again and again; the conditions are true of a visitor of
/// whom nothing is known, so that the evidence of every action can be read.
/// </summary>
public sealed class DecisionCatalog(int seed)
{
    /// <summary>Learns rates; what it decides may be lost.</summary>
    public const string Rates = "home";

    /// <summary>Learns values; what it decides may be lost.</summary>
    public const string Values = "shop";

    private const int Plain = 5;
    private const string Channel = "web";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Long = TimeSpan.FromDays(7);

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Action> _stored = new(StringComparer.Ordinal);
    private int _edits;
    private bool _isPlaced;

    /// <summary>Ids of the placements.</summary>
    public static IReadOnlyList<string> Placements { get; } = [Rates, Values, "offers", "flash"];

    /// <summary>The capped actions.</summary>
    internal static IReadOnlyDictionary<string, CapRule> Caps { get; } = new Dictionary<string, CapRule>(StringComparer.Ordinal)
    {
        ["twice"] = new(2, Long),
        ["weekly"] = new(3, Long),
        ["flash"] = new(2, Short),
    };

    /// <summary>Puts what is not known to be there, as it was or otherwise.</summary>
    public async Task PutAsync(DecisionsClient client, CallOptions options, CancellationToken cancellationToken)
    {
        if (!_isPlaced)
        {
            foreach (var id in Placements) await client.PutPlacementAsync(new PutPlacementRequest { Placement = PlacementOf(id) }, options, cancellationToken);
            _isPlaced = true;
        }

        foreach (var (id, cap) in Caps)
        {
            if (!_stored.ContainsKey(id)) await PutAsync(client, Capped(id, cap), options, cancellationToken);
        }

        for (var i = 0; i < Plain; i++)
        {
            if (!_stored.ContainsKey(IdOf(i))) await PutAsync(client, PlainOf(i), options, cancellationToken);
        }
    }

    /// <summary>Edits an action. It is unknown until the call is answered. One call at a time.</summary>
    public Task EditAsync(DecisionsClient client, CallOptions options, CancellationToken cancellationToken) =>
        PutAsync(client, PlainOf(_random.Next(Plain)), options, cancellationToken);

    /// <summary>What a success of an action is worth.</summary>
    internal double ValueOf(string action) => double.Parse(_stored[action].Value.Amount, CultureInfo.InvariantCulture);

    /// <summary>The actions of a placement, by id.</summary>
    internal static IReadOnlyList<string> ActionsOf(string placement) => placement switch
    {
        "offers" => ["twice", "weekly"],
        "flash" => ["flash"],
        _ => [.. Enumerable.Range(0, Plain).Select(IdOf)],
    };

    private static string IdOf(int plain) => string.Create(CultureInfo.InvariantCulture, $"plain-{plain}");

    private async Task PutAsync(DecisionsClient client, Action action, CallOptions options, CancellationToken cancellationToken)
    {
        _stored.Remove(action.Id);
        await client.PutActionAsync(new PutActionRequest { Action = action }, options, cancellationToken);
        _stored[action.Id] = action;
    }

    private Action PlainOf(int number)
    {
        var action = Of(IdOf(number), "plain", _random.Next(1, 100) / 10m);
        if (number == 3) action.Eligibility = "orders.count < 2";
        if (number == 4) action.Rules.Add(new ActionRule { Name = "seen_enough", RemovedWhen = string.Create(CultureInfo.InvariantCulture, $"events.count > {_random.Next(2, 6)}") });
        return action;
    }

    private Action Capped(string id, CapRule cap)
    {
        var action = Of(id, cap.Reservation == Short ? "flash" : "capped", 2.5m);
        action.Cap = new ActionCap { MaxShown = cap.MaxShown, PeriodSeconds = id == "weekly" ? (long)Long.TotalSeconds : 0 };
        return action;
    }

    private Action Of(string id, string label, decimal value) => new()
    {
        Id = id,
        DisplayName = string.Create(CultureInfo.InvariantCulture, $"{id}, edit {_edits++}"),
        Labels = { label },
        Payloads = { new Payload { Channel = Channel, Key = id } },
        Value = new Money { Amount = value.ToString(CultureInfo.InvariantCulture), CurrencyCode = "EUR" },
    };

    private static Placement PlacementOf(string id) => new()
    {
        Id = id,
        Channel = Channel,
        Slots = id is Rates or Values ? 3 : 2,
        Success = id == Values ? OutcomeKind.Converted : OutcomeKind.Accepted,
        Reward = id == Values ? PlacementReward.Value : PlacementReward.Rate,
        ReservationSeconds = (int)(id == "flash" ? Short : Long).TotalSeconds,
        ActionLabels = { id switch { "offers" => "capped", "flash" => "flash", _ => "plain" } },
    };
}
