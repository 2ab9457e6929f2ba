using Cdp.Bench;

return await BenchCommand.RunAsync(args);
