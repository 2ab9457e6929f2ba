using Cdp.Storage.Sqlite.Engine;

namespace Cdp.Storage.Sqlite.Log;

/// <summary>One statement for the table of each partition, prepared when it is first asked for and kept as long as the connection.</summary>
/// <param name="database">The connection.</param>
/// <param name="partitions">How many partitions the log has.</param>
/// <param name="sql">The statement for a partition.</param>
internal sealed class PartitionStatements(Database database, int partitions, Func<int, string> sql)
{
    private readonly Statement?[] _statements = new Statement?[partitions];

    public Statement this[int partition] => _statements[partition] ??= database.Prepare(sql(partition));
}
