using Cdp.Client;
using Cdp.Grains.Ports;
using Cdp.Node.Api;
using Cdp.Node.Hosting;
using Cdp.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cdp.Node.Tests.Running;

/// <summary>A whole node in this process, reached over a socket only.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    public const string Key = "operator-key-of-the-tests";

    private readonly CdpNode _node;

    private RunningNode(CdpNode node)
    {
        _node = node;
        Url = node.Url;
        Client = new CdpClient(Url, Key);
    }

    public Uri Url { get; }

    public Uri HttpUrl => _node.HttpUrl!;

    public CdpClient Client { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="data">Data directory, or URL of a database; started again on the same one, it goes on.</param>
    /// <param name="time">The server's clock; null: the system's.</param>
    /// <param name="metrics">Whether it shows what it counts.</param>
    /// <param name="backups">Directory of its backups; null: none.</param>
    /// <param name="beside">Data directory beside a database; null: where it is started.</param>
    public static async Task<RunningNode> StartAsync(string data, TimeProvider? time = null, bool metrics = true, string? backups = null, string? beside = null)
    {
        // A log that is there keeps its number of partitions; a database has its own.
        int? partitions = data.Contains("://", StringComparison.Ordinal) || File.Exists(Path.Combine(data, "log.db")) ? null : 4;
        return new(await CdpNode.StartAsync(
            NodeStore.At(data, new NodeOptions { Port = 0, Partitions = partitions, Metrics = metrics, BackupDirectory = backups, DataDirectory = beside ?? new NodeOptions().DataDirectory }), () => Key, time ?? TimeProvider.System, NullLoggerFactory.Instance, NoStepObserver.Instance));
    }

    public ICdpApi Api() => new ClientCdpApi(Url, Key);

    public CdpClient ClientWith(string key) => new(Url, key);

    /// <summary>Returns when everything that was published before is applied.</summary>
    public async Task SettleAsync()
    {
        var request = new BatchGetProfilesRequest { AfterToken = await TokenAsync() };
        request.Customers.Add(new CustomerRef { CustomerId = "c0" });
        await Client.Profiles.BatchGetProfilesAsync(request, cancellationToken: Cancel);
    }

    /// <summary>A token of everything that was published before.</summary>
    public async Task<string> TokenAsync()
    {
        var partitions = await Client.Admin.ListPartitionsAsync(new ListPartitionsRequest(), cancellationToken: Cancel);
        var token = new Cdp.Grains.V1.ReadToken { LogEpoch = partitions.LogEpoch };
        token.Marks.AddRange(partitions.Partitions.Select(p => new Cdp.Grains.V1.PartitionMark { Partition = p.Number, End = p.EndPosition }));
        return Gateway.ReadTokens.Encode(token);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _node.DisposeAsync();
    }
}
