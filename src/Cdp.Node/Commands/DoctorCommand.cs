using System.CommandLine;
using Cdp.Node.Api;
using Cdp.Node.Commands.Printing;
using Cdp.V1;

namespace Cdp.Node.Commands;

/// <summary><c>cdp doctor</c>: looks at a server and ends with 1 where something is wrong, for cron.</summary>
internal static class DoctorCommand
{
    private static readonly TimeSpan MostClockDifference = TimeSpan.FromSeconds(5);

    public static Command Create(CommandContext context)
    {
        var command = new Command("doctor", "Looks at a server: listeners, TLS, keys, disk, partitions, dead letters, audit log, backups. Ends with 1 where something is wrong. Needs the operator's key.");
        var strict = new Option<bool>("--strict") { Description = "Ends with 1 for warnings, too." };
        var quiet = new Option<bool>("--quiet") { Description = "Prints only what is not well." };
        command.Options.Add(strict);
        command.Options.Add(quiet);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var found = await LookAsync(context, server, parsed, cancel);
            if (parsed.GetValue(quiet))
                foreach (var well in found.Findings.Where(finding => finding.Severity is Severity.Ok or Severity.Unknown).ToList()) found.Findings.Remove(well);
            await context.Out.WriteAsync(parsed.GetValue(json) ? ProtoJson.Write(found) : DoctorText.Write(found));
            var worst = parsed.GetValue(strict) ? Severity.Warning : Severity.Failure;
            return found.Findings.Any(finding => finding.Severity is Severity.Warning or Severity.Failure && finding.Severity >= worst) ? ExitCode.Failure : ExitCode.Success;
        });
        return command;
    }

    private static async Task<CheckUpResponse> LookAsync(CommandContext context, ServerOptions server, ParseResult parsed, CancellationToken cancel)
    {
        using var api = server.Connect(parsed);
        try
        {
            var found = await api.CheckUpAsync(new CheckUpRequest(), cancel);
            var difference = context.Time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddMicroseconds(found.At.UnixMicros);
            if (difference.Duration() > MostClockDifference)
                found.Findings.Add(new Finding
                {
                    Check = "clock", Severity = Severity.Warning, Message = $"The server's clock and this one differ by {difference.Duration().TotalSeconds:0} s.",
                    Remedy = "Let both follow a time server: events are dated by the server's.",
                });
            return found;
        }
        catch (CdpApiException e) when (e.Status is CdpStatus.Unavailable)
        {
            return new CheckUpResponse
            {
                Findings = { new Finding { Check = "server", Severity = Severity.Failure, Message = $"It does not answer: {e.Message}", Remedy = "Start it; if it does not start, its output says why." } },
            };
        }
    }
}
