using Cdp.Node.Commands;
using Cdp.Node.Import;
using Cdp.Node.Import.Mapping;
using Cdp.Node.Tests.Running;

namespace Cdp.Node.Tests.Retail;

/// <summary>A node that a shop is imported into.</summary>
internal sealed class RetailServer(RunningNode node) : RetailReader(node.Client)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task<ImportSummary> ImportAsync(ImportFile file, string rejects)
    {
        using var api = node.Api();
        var mapping = MappingReader.Read(await File.ReadAllBytesAsync(Repository.RetailMapping, Cancel));
        var importer = new Importer(api, mapping, new ImportOptions { RejectsPath = rejects }, TimeProvider.System, new ProgressLine(TextWriter.Null, isTerminal: false, TimeProvider.System));
        var summary = await importer.RunAsync(file, Cancel);
        await node.SettleAsync();
        return summary;
    }

    /// <summary>Runs a command against the server, as a person would; it has to succeed.</summary>
    public async Task CommandAsync(params string[] command)
    {
        using var output = new StringWriter();
        var context = new CommandContext
        {
            Out = output, Error = output, OpenInput = () => Stream.Null, Variable = _ => RunningNode.Key, Time = TimeProvider.System, Connect = _ => node.Api(),
        };
        var code = await CommandRunner.RunAsync(RootCommandFactory.Create(context), context, [.. command, "--server", node.Url.ToString()], Cancel);
        Assert.True(code == ExitCode.Success, output.ToString());
    }
}
