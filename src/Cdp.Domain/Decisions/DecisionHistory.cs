using Cdp.State.V1;

namespace Cdp.Domain.Decisions;

/// <summary>The log of a tenant's actions and placements, from which the definitions of any version come back.</summary>
public static class DecisionHistory
{
    /// <summary>What a change of the configuration changed of them; null: nothing.</summary>
    /// <param name="before">Before the change; null: the tenant did not exist.</param>
    /// <param name="after">After it.</param>
    public static DecisionChange? Between(TenantConfig? before, TenantConfig after)
    {
        if (after.DecisionsVersion == (before?.DecisionsVersion ?? 0))
            return null;
        var change = new DecisionChange { Version = after.DecisionsVersion };
        var actions = (before?.Actions ?? []).ToDictionary(stored => stored.Number);
        foreach (var stored in after.Actions)
        {
            if (!actions.Remove(stored.Number, out var known) || !known.Equals(stored))
                change.PutAction = stored;
        }

        if (actions.Count > 0)
            change.DeleteAction = actions.Keys.Single();
        var placements = (before?.Placements ?? []).ToDictionary(stored => stored.Number);
        foreach (var stored in after.Placements)
        {
            if (!placements.Remove(stored.Number, out var known) || !known.Equals(stored))
                change.PutPlacement = stored;
        }

        return change;
    }

    /// <summary>The definitions of a version: the fold of the changes up to it.</summary>
    /// <param name="changes">The log, from its beginning.</param>
    /// <param name="version">The version; 0: none was put yet.</param>
    /// <exception cref="ArgumentException">The log does not lead there.</exception>
    public static DecisionDefinitions AsOf(IEnumerable<DecisionChange> changes, long version)
    {
        var actions = new Dictionary<uint, StoredAction>();
        var placements = new Dictionary<uint, StoredPlacement>();
        long reached = 0;
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
