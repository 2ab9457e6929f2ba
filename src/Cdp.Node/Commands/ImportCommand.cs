using System.CommandLine;
using Cdp.Node.Commands.Printing;
using Cdp.Node.Import;
using Cdp.Node.Import.Mapping;

namespace Cdp.Node.Commands;

/// <summary><c>cdp import</c>: imports a file through a mapping.</summary>
internal static class ImportCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("import", "Imports a CSV or JSON Lines file; interrupted, the same command goes on where it was.");
        var data = new DataArgument(command, "The data");
        var mapping = new Option<string>("--mapping") { Description = "How lines become events; docs/import.md describes it.", HelpName = "FILE", Required = true };
        var batch = new Option<int>("--batch") { Description = "Events in one call, 1 to 1000.", HelpName = "N", DefaultValueFactory = _ => 500 };
        batch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1_000)
                result.AddError("--batch must be from 1 to 1000.");
        });
        var shift = new Option<bool>("--shift-to-now") { Description = "Move all times so that the newest event is now." };
        var rejects = new Option<string?>("--rejects") { Description = "File for rejected lines; default: FILE.rejects.csv.", HelpName = "FILE" };
        var state = new Option<string?>("--state") { Description = "Folder for progress and rejected lines; default: beside the data.", HelpName = "DIR" };
        var noResume = new Option<bool>("--no-resume") { Description = "Start at the beginning and keep no progress." };
        foreach (var option in (Option[])[mapping, batch, shift, rejects, state, noResume])
            command.Options.Add(option);
        var json = JsonOption.AddTo(command);
        var server = new ServerOptions(context, command);
        command.SetWork(context, async (parsed, cancel) =>
        {
            var rules = MappingReader.Read(await File.ReadAllBytesAsync(parsed.GetRequiredValue(mapping), cancel));
            var path = data.Path(parsed);
            var address = server.Address(parsed);
            var places = ImportPlaces.For(path, parsed.GetValue(state), parsed.GetValue(rejects));
            var options = new ImportOptions
            {
                BatchSize = parsed.GetValue(batch),
                RejectsPath = places.Rejects,
                ShiftToNow = parsed.GetValue(shift),
                Checkpoint = path is null || parsed.GetValue(noResume) ? null : new CheckpointFile(places.Checkpoint),
                Fingerprint = path is null ? "" : $"{ImportFile.Fingerprint(path)} {rules.Fingerprint} {address.Url} {parsed.GetValue(shift)}",
            };
            var file = path is null ? new ImportFile(context.OpenInput, null) : ImportFile.OnDisk(path);
            using var api = context.Connect(address);
            var progress = new ProgressLine(context.Error, context.ErrorIsTerminal, context.Time);
            ImportSummary summary;
            try
            {
                summary = await new Importer(api, rules, options, context.Time, progress).RunAsync(file, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested && options.Checkpoint is not null)
            {
                throw new CommandException("The import was interrupted; run the same command again and it goes on from there.");
            }
            finally
            {
                progress.Clear();
            }

            await context.Out.WriteAsync(parsed.GetValue(json) ? ImportSummaryText.WriteJson(summary) : ImportSummaryText.Write(summary));
            return summary.Counters is { LinesAccepted: 0, LinesRejected: > 0 } ? ExitCode.Failure : ExitCode.Success;
        });
        return command;
    }
}
