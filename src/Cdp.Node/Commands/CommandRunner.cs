using System.CommandLine;
using System.CommandLine.Invocation;
using Cdp.Node.Api;
using Cdp.Node.Import;
using Cdp.Node.Import.Mapping;

namespace Cdp.Node.Commands;

/// <summary>Runs commands and turns what can go wrong into one message and an exit code.</summary>
public static class CommandRunner
{
    /// <summary>Parses a command line, runs it and returns the exit code (<see cref="ExitCode"/>).</summary>
    public static async Task<int> RunAsync(RootCommand root, CommandContext context, IReadOnlyList<string> args, CancellationToken cancel = default)
    {
        var parsed = root.Parse(args);
        var code = await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,

                // Signals are the process's own matter and reach the command through the token.
                ProcessTerminationTimeout = null,
            },
            cancel);
        return parsed.Action is ParseErrorAction ? ExitCode.Usage : code;
    }

    /// <summary>Gives a command its work; a failure that is expected becomes a message on the standard error.</summary>
    public static void SetWork(this Command command, CommandContext context, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction(async (parsed, cancel) =>
        {
            try
            {
                return await work(parsed, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                await context.Error.WriteLineAsync("cdp: interrupted");
                return ExitCode.Failure;
            }
            catch (Exception e) when (Explain(e) is { } message)
            {
                await context.Error.WriteLineAsync($"cdp: {message}");
                return ExitCode.Failure;
            }
        });

    private static string? Explain(Exception failure) => failure switch
    {
        CdpApiException { Reason: { } reason } e => $"{e.Message} [{reason}]",
        CdpApiException e => e.Message,
        CommandException or ImportException or Hosting.SettingException => failure.Message,
        MappingException => $"the mapping is wrong: {failure.Message}",
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or IOException => failure.Message,
        _ => null,
    };
}
