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
return await CommandRunner.RunAsync(RootCommandFactory.Create(context, ServeCommand.Create(context)), context, args);
