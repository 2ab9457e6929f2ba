using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>The log of a tenant's actions and placements, from which the definitions of any version come back.</summary>
public static class DecisionHistory
{
    /// <summary>The present definitions.</summary>
    public static DecisionDefinitions Of(TenantConfig config) => new()
    {
        Version = config.DecisionsVersion,
        Actions = { config.Actions.OrderBy(stored => stored.Number) },
        Placements = { config.Placements.OrderBy(stored => stored.Number) },
    };

    /// <summary>
    /// The change that leads from one version to the next; null where they are the same. Who writes the configuration first
    /// and the log after it finds what a crash kept out of the log by the log's end.
    /// </summary>
    /// <param name="before">The one.</param>
    /// <param name="after">The next.</param>
    /// <exception cref="ArgumentException">They are further apart.</exception>
    public static DecisionChange? Between(DecisionDefinitions before, DecisionDefinitions after)
    {
        if (after.Version == before.Version)
            return null;
        if (after.Version != before.Version + 1)
            throw new ArgumentException($"From version {before.Version} to {after.Version} leads no single change.", nameof(after));
        var change = new DecisionChange { Version = after.Version };
        var actions = before.Actions.ToDictionary(stored => stored.Number);
        foreach (var stored in after.Actions)
        {
            if (!actions.Remove(stored.Number, out var known) || !known.Equals(stored))
                change.PutAction = stored;
        }

        if (actions.Count > 0)
            change.DeleteAction = actions.Keys.Single();
        var placements = before.Placements.ToDictionary(stored => stored.Number);
        foreach (var stored in after.Placements)
        {
            if (!placements.Remove(stored.Number, out var known) || !known.Equals(stored))
                change.PutPlacement = stored;
        }

        return change;
    }

    /// <summary>The definitions of a version: the fold of the changes up to it.</summary>
    /// <param name="before">Those of an earlier or the same version; null: none. Not changed.</param>
    /// <param name="changes">The log, from there on.</param>
    /// <param name="version">The version; 0: none was put yet.</param>
    /// <exception cref="ArgumentException">The log does not lead there.</exception>
    public static DecisionDefinitions AsOf(DecisionDefinitions? before, IEnumerable<DecisionChange> changes, long version)
    {
        before ??= new DecisionDefinitions();
        var actions = before.Actions.ToDictionary(stored => stored.Number);
        var placements = before.Placements.ToDictionary(stored => stored.Number);
        long reached = before.Version;
        foreach (var change in changes.TakeWhile(change => change.Version <= version))
        {
            if (change.Version != reached + 1)
                throw new ArgumentException($"Change {change.Version} follows version {reached}.", nameof(changes));
            reached = change.Version;
            switch (change.ChangeCase)
            {
                case DecisionChange.ChangeOneofCase.PutAction:
                    actions[change.PutAction.Number] = change.PutAction;
                    break;
                case DecisionChange.ChangeOneofCase.DeleteAction:
                    actions.Remove(change.DeleteAction);
                    break;
                case DecisionChange.ChangeOneofCase.PutPlacement:
                    placements[change.PutPlacement.Number] = change.PutPlacement;
                    break;
                default:
                    throw new ArgumentException($"Change {change.Version} is not known to this version.", nameof(changes));
            }
        }

        if (reached != version)
            throw new ArgumentException($"The log leads to version {reached}, not to {version}.", nameof(changes));
        return new DecisionDefinitions
        {
            Version = version,
            Actions = { actions.Values.OrderBy(stored => stored.Number) },
            Placements = { placements.Values.OrderBy(stored => stored.Number) },
        };
    }
}
