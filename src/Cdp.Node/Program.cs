using System.Runtime.InteropServices;
using Cdp.Node.Api;
using Cdp.Node.Commands;

var context = new CommandContext
{
    Out = Console.Out,
    Error = Console.Error,
    OpenInput = Console.OpenStandardInput,
    ErrorIsTerminal = !Console.IsErrorRedirected,
    Variable = Environment.GetEnvironmentVariable,
    Time = TimeProvider.System,
    Connect = address => new ClientCdpApi(address.Url, address.Key),
};

// The first Ctrl-C or SIGTERM asks the command to come to an end, the second ends the process.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await CommandRunner.RunAsync(RootCommandFactory.Create(context, ServeCommand.Create(context), ReplayCommand.Create(context), MigrateCommand.Create(context), CopyCommand.Create(context), VerifyCommand.Create(context), RestoreCommand.Create(context), DemoCommand.Create(context)), context, args, stop.Token);
