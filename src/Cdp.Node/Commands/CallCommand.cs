using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Google.Protobuf;

namespace Cdp.Node.Commands;

/// <summary>Commands that ask a server and print its answer.</summary>
internal static class CallCommand
{
    /// <summary>Gives a command its work, and the options of whoever talks to a server and prints data.</summary>
    /// <param name="command">The command; its own options come first.</param>
    /// <param name="context">What it stands on.</param>
    /// <param name="call">Asks the server.</param>
    /// <param name="text">The answer for people; with <c>--json</c> the contract's JSON is printed instead.</param>
    public static void SetCall<T>(
        this Command command, CommandContext context, Func<ICdpApi, ParseResult, CancellationToken, Task<T>> call, Func<T, string> text)
        where T : IMessage
    {
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            using var api = server.Connect(parsed);
            var answer = await call(api, parsed, cancel);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(answer) : text(answer));
            return ExitCode.Success;
        });
    }
}
