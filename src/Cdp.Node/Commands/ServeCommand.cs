using System.CommandLine;
using System.Runtime.InteropServices;
using Cdp.Grains.Hosting;
using Cdp.Node.Hosting;
using Cdp.Node.Observing;
using Microsoft.Extensions.Logging;

namespace Cdp.Node.Commands;

/// <summary><c>cdp serve</c>: runs a node until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("serve", "Runs a node: gRPC on one port, JSON over HTTP on another, all data in one directory or in a PostgreSQL database.");
        var address = new Option<string?>("--address") { Description = "IP address to listen on; default: 127.0.0.1.", HelpName = "IP" };
        var port = new Option<int?>("--port") { Description = $"Port to listen on, 0 for any; default: {NodeOptions.DefaultPort}.", HelpName = "PORT" };
        var httpPort = new Option<int?>("--http-port") { Description = "Port of JSON over HTTP, 0 for any, -1 for none; default: the one after --port.", HelpName = "PORT" };
        var partitions = new Option<int?>("--partitions") { Description = "Partitions of a new log; default: 16.", HelpName = "N" };
        var backups = new Option<string?>("--backups") { Description = "Directory of backups, on another disk at best; default: none, no backups are made.", HelpName = "DIR" };
        var store = new StoreOptions(command);
        command.Options.Add(address);
        command.Options.Add(port);
        command.Options.Add(httpPort);
        command.Options.Add(partitions);
        command.Options.Add(backups);
        command.SetWork(context, (parsed, cancel) =>
        {
            var options = store.Apply(parsed, NodeOptions.Read());
            return ServeAsync(context, options with
            {
                Address = parsed.GetValue(address) ?? options.Address,
                Port = parsed.GetValue(port) ?? options.Port,
                HttpPort = parsed.GetValue(httpPort) ?? options.HttpPort,
                Partitions = parsed.GetValue(partitions) ?? options.Partitions,
                BackupDirectory = parsed.GetValue(backups) ?? options.BackupDirectory,
            }, cancel);
        });
        return command;
    }

    private static ILoggingBuilder Format(ILoggingBuilder logging, NodeOptions options) => options.LogsJson
        ? logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"))
        : logging.AddSimpleConsole(console => console.SingleLine = true);

    private static async Task<int> ServeAsync(CommandContext context, NodeOptions options, CancellationToken cancel)
    {
        options.Checked();
        using var telemetry = Telemetry.Start(context.Variable, CdpNode.Meters);
        using var loggers = LoggerFactory.Create(logging => Telemetry.AddLogs(Format(logging, options), context.Variable).AddFilter("Microsoft", LogLevel.Warning));
        var given = OperatorKeyFile.FromEnvironment(context.Variable(OperatorKeyFile.Variable));
        var steps = CrashAt.Parse(context.Variable(CrashAt.Variable), wrong => new SettingException(wrong));
        await using var node = await CdpNode.StartAsync(options, () => given ?? OperatorKeyFile.ReadOrMake(options.DataDirectory), context.Time, loggers, steps);
        foreach (var healed in node.Healed) await context.Error.WriteLineAsync($"cdp: {healed}");
        if (given is null) await context.Out.WriteLineAsync($"operator key in {OperatorKeyFile.PathIn(options.DataDirectory)}");
        if (node.HttpUrl is { } http) await context.Out.WriteLineAsync($"JSON over HTTP on {http.GetLeftPart(UriPartial.Authority)}");
        await context.Out.WriteLineAsync($"serving on {node.Url.GetLeftPart(UriPartial.Authority)} (data in {NodeStore.Name(options)}); Ctrl-C stops");
        await context.Out.FlushAsync(cancel);

        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.TrySetResult();
        });
        await using var interrupted = cancel.Register(() => stop.TrySetResult());
        await stop.Task;
        await context.Out.WriteLineAsync("stopping: calls under way finish, customers are saved");
        return ExitCode.Success;
    }
}
