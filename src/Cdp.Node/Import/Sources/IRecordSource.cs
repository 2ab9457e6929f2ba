namespace Cdp.Node.Import.Sources;

/// <summary>A file read once from its beginning, in order.</summary>
public interface IRecordSource : IDisposable
{
    /// <summary>Reads what stands before the records and returns the place of each column within <see cref="SourceRecord.Cells"/>.</summary>
    Task<IReadOnlyDictionary<string, int>> OpenAsync(CancellationToken cancel);

    /// <summary>Reads the records. Call once, after <see cref="OpenAsync"/>.</summary>
    IAsyncEnumerable<SourceRecord> ReadAsync(CancellationToken cancel);
}
