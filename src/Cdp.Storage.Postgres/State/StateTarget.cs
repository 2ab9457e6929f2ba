using Cdp.Storage.Postgres.Engine;
using Cdp.Storage.Writing;
using Npgsql;

namespace Cdp.Storage.Postgres.State;

/// <summary>Writes of state, histories and customer ids, in rounds of a few statements each, see <see cref="StateRound"/>.</summary>
internal sealed class StateTarget(PostgresSource source, StoreOwner owner) : PostgresTarget(source, owner)
{
    protected override void Execute(NpgsqlConnection connection, IReadOnlyList<WriteOperation> operations)
    {
        var round = new StateRound();
        foreach (var operation in operations)
        {
            if (round.TryAdd(operation)) continue;
            Run(connection, round);
            round = new StateRound();
            round.TryAdd(operation);
        }

        Run(connection, round);
    }

    private void Run(NpgsqlConnection connection, StateRound round)
    {
        if (round.IsEmpty) return;
        using (var batch = new NpgsqlBatch(connection))
        {
            AskOwner(batch);
            round.AddTo(batch);
            using var reader = batch.ExecuteReader();
            CheckOwner(reader);
            round.Read(reader);
        }

        // The first of appends that follow one another was refused: each of the others has to be asked for itself.
        foreach (var append in round.Refused)
        {
            var next = new StateRound();
            next.TryAdd(append);
            Run(connection, next);
        }
    }
}
