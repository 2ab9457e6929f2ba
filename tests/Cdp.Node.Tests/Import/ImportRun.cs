using System.Text;
using Cdp.Node.Api;
using Cdp.Node.Import;
using Cdp.Node.Import.Mapping;

namespace Cdp.Node.Tests.Import;

/// <summary>Runs the importer on a text or file as the command does, against a server in memory.</summary>
internal sealed class ImportRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeApi Api { get; } = new();

    public SteppingTime Time { get; } = new();

    public string RejectsPath => _folder.File("rejects.csv");

    public CheckpointFile Checkpoint => new(_folder.File("data.cdp-import"));

    public ImportOptions Options { get; set; } = new() { RejectsPath = "" };

    /// <summary>Lines of the rejects file as "line REASON field".</summary>
    public string[] Rejects => !File.Exists(RejectsPath)
        ? []
        : [.. SimpleCsv.Read(File.ReadAllText(RejectsPath)).Skip(1).Select(cells => $"{cells[0]} {cells[1]} {cells[2]}".TrimEnd())];

    public Task<ImportSummary> TextAsync(string mapping, string data, CancellationToken? cancel = null) =>
        RunAsync(mapping, new ImportFile(() => new MemoryStream(Encoding.UTF8.GetBytes(data)), Encoding.UTF8.GetByteCount(data)), cancel);

    public Task<ImportSummary> RunAsync(string mapping, ImportFile file, CancellationToken? cancel = null, ICdpApi? api = null) =>
        new Importer(
            api ?? Api,
            MappingReader.Read(Encoding.UTF8.GetBytes(mapping)),
            Options with { RejectsPath = RejectsPath },
            Time,
            new ProgressLine(TextWriter.Null, isTerminal: false, Time)).RunAsync(file, cancel ?? TestContext.Current.CancellationToken);

    public void Dispose()
    {
        Api.Dispose();
        _folder.Dispose();
    }
}
