using Cdp.Bench;
using Cdp.Bench.Cluster;
using Cdp.Bench.Cluster.Silos;

switch (args)
{
    case [ChildSilo.Command]:
        await ChildSilo.ServeAsync();
        return 0;
    case [EchoSilo.Command, var reply]:
        await EchoSilo.ServeAsync(reply);
        return 0;
    default:
        return await BenchCommand.RunAsync(args, [new ClusterLookupBench(), new ClusterIngestBench(), new ClusterStateBench()]);
}
