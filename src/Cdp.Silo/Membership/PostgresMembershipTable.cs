using System.Globalization;
using Cdp.Storage.Postgres;
using Npgsql;

namespace Cdp.Silo.Membership;

/// <summary>
/// Orleans' membership in the store's own database, so that <c>cdp migrate</c> makes all tables there are. Every change but a
/// sign of life names the version that it was decided on, and loses against one that came first.
/// </summary>
/// <param name="connections">The database.</param>
/// <param name="cluster">Name of the cluster.</param>
internal sealed class PostgresMembershipTable(NpgsqlDataSource connections, string cluster) : IMembershipTable
{
    private const string Schema = PostgresSchema.DefaultName;

    /// <inheritdoc/>
    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        if (tryInitTableVersion) await RunAsync($"INSERT INTO {Schema}.silo_cluster (cluster, version) VALUES ($1, 0) ON CONFLICT DO NOTHING", cluster);
    }

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId) => RunAsync($"DELETE FROM {Schema}.silo_cluster WHERE cluster = $1", clusterId);

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => RunAsync(
        $"DELETE FROM {Schema}.silo WHERE cluster = $1 AND status = $2 AND alive < $3", cluster, (int)SiloStatus.Dead, beforeDate.UtcDateTime);

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAsync(key.ToParsableString());

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => ReadAsync(address: null);

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => ChangeAsync(
        tableVersion,
        $"INSERT INTO {Schema}.silo (cluster, address, revision, status, alive, entry) VALUES ($1, $2, 0, $3, $4, $5::jsonb) ON CONFLICT DO NOTHING",
        cluster, entry.SiloAddress.ToParsableString(), (int)entry.Status, Utc(entry.IAmAliveTime), SiloRow.Write(entry));

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => ChangeAsync(
        tableVersion,
        $"UPDATE {Schema}.silo SET revision = revision + 1, status = $3, alive = $4, entry = $5::jsonb WHERE cluster = $1 AND address = $2 AND revision = $6",
        cluster, entry.SiloAddress.ToParsableString(), (int)entry.Status, Utc(entry.IAmAliveTime), SiloRow.Write(entry), int.Parse(etag, CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry) => RunAsync(
        $"UPDATE {Schema}.silo SET alive = $3 WHERE cluster = $1 AND address = $2", cluster, entry.SiloAddress.ToParsableString(), Utc(entry.IAmAliveTime));

    private static DateTime Utc(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Utc);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values)
    {
        // The statements are this class's own.
#pragma warning disable CA2100
        var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    /// <summary>One statement, so that version and rows belong together.</summary>
    private async Task<MembershipTableData> ReadAsync(string? address)
    {
        await using var connection = await connections.OpenConnectionAsync();
        await using var command = Command(
            connection,
            $"SELECT c.version, s.address, s.revision, s.status, s.alive, s.entry::text FROM {Schema}.silo_cluster c LEFT JOIN {Schema}.silo s ON s.cluster = c.cluster AND ($2 = '' OR s.address = $2) WHERE c.cluster = $1",
            [cluster, address ?? ""]);
        var version = 0;
        var rows = new List<Tuple<MembershipEntry, string>>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            version = reader.GetInt32(0);
            if (await reader.IsDBNullAsync(1)) continue;
            var entry = SiloRow.Read(reader.GetString(1), reader.GetInt32(3), reader.GetDateTime(4), reader.GetString(5));
            rows.Add(Tuple.Create(entry, reader.GetInt32(2).ToString(CultureInfo.InvariantCulture)));
        }

        return new MembershipTableData(rows, new TableVersion(version, version.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Makes a change together with the next version; false when another change came first.</summary>
    private async Task<bool> ChangeAsync(TableVersion next, string sql, params object[] values)
    {
        await using var connection = await connections.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var step = Command(connection, $"UPDATE {Schema}.silo_cluster SET version = $2 WHERE cluster = $1 AND version = $3", [cluster, next.Version, int.Parse(next.VersionEtag, CultureInfo.InvariantCulture)]);
        if (await step.ExecuteNonQueryAsync() == 0) return false;
        await using var change = Command(connection, sql, values);
        if (await change.ExecuteNonQueryAsync() == 0) return false;
        await transaction.CommitAsync();
        return true;
    }

    private async Task RunAsync(string sql, params object[] values)
    {
        await using var connection = await connections.OpenConnectionAsync();
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync();
    }
}
