using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Google.Protobuf;

namespace Cdp.Node.Commands.Decisions;

/// <summary>What putting actions and placements from a file has in common.</summary>
internal static class DefinitionPut
{
    /// <summary>The command <c>put</c>.</summary>
    /// <typeparam name="T">What is defined.</typeparam>
    /// <param name="context">What the command stands on.</param>
    /// <param name="noun">What one of them is called.</param>
    /// <param name="idOf">Its id.</param>
    /// <param name="put">Puts one; returns it as it is stored.</param>
    /// <param name="text">What was stored, for people.</param>
    public static Command Create<T>(
        CommandContext context, string noun, Func<T, string> idOf, Func<ICdpApi, T, CancellationToken, Task<T>> put, Func<IReadOnlyCollection<T>, string> text)
        where T : class, IMessage<T>, new()
    {
        var command = new Command("put", $"Makes {noun}s or changes them. Needs a key with the role admin.");
        var file = new DefinitionFile<T>(command, noun);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var definitions = (await file.ReadAsync(context, parsed, cancel))!;
            using var api = server.Connect(parsed);
            var stored = new List<T>();
            foreach (var definition in definitions)
            {
                try
                {
                    stored.Add(await put(api, definition, cancel));
                }
                catch (CdpApiException e) when (e.Status == CdpStatus.InvalidArgument)
                {
                    // One that is wrong does not keep the others from it.
                    await context.Error.WriteLineAsync($"cdp: {idOf(definition)}: {e.Reason} {e.Message}");
                }
            }

            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(stored) : stored.Count > 0 ? text(stored) : "");
            return stored.Count == definitions.Count ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }
}
