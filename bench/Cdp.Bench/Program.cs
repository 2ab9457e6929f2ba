using Cdp.Bench;
using Cdp.Bench.Engine;
using Cdp.Bench.Learning;
using Cdp.Bench.Product;

switch (args)
{
    case [PostgresPipeline.Command, var variant, var connection]:
        await PostgresPipeline.ServeAsync(variant, connection);
        return 0;
    case [EchoServer.Command, var method, var reply]:
        await EchoServer.ServeAsync(method, reply);
        return 0;
    default:
        return await BenchCommand.RunAsync(args,
        [
            new GrainCallBench(),
            new MemoryBench(),
            new IngestBench(),
            new LookupBench(),
            new LatencyBench(),
            new HotBench(),
            new IdentityBench(),
            new SegmentCostBench(),
            new SegmentIngestBench(),
            new SegmentLatencyBench(),
            new DecideBench(),
            new DecideManyBench(),
            new ExchangeBench(),
            new JsonBench(),
            new AuditBench(),
            new RetentionBench(),
            new ScaleBench(),
            new KillBench(),
            new RegretBench(),
        ]);
}
