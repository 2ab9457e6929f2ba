using Cdp.Gateway.Operations;
using Cdp.Rpc;

namespace Cdp.Node.Hosting;

/// <summary>What a node knows of itself.</summary>
internal sealed class NodeFacts(NodeOptions options) : IServerFacts
{
    private const string JournalPattern = "state.db.journal-*";

    /// <summary>The server, once it listens.</summary>
    public RpcServer? Server { get; set; }

    /// <inheritdoc/>
    public IReadOnlyList<Listener> Listeners => ListenerFacts.Of(Server);

    /// <inheritdoc/>
    public DateTimeOffset? CertificateEnds() => ListenerFacts.CertificateEnds(options.TlsCertificate);

    /// <inheritdoc/>
    public IReadOnlyList<Volume> Volumes()
    {
        var volumes = new List<Volume>();
        if (options.Postgres is null) volumes.Add(Of("data", options.DataDirectory));
        if (options.BackupDirectory is { } backups) volumes.Add(Of("backups", backups));
        return volumes;
    }

    /// <inheritdoc/>
    public JournalFacts? Journal()
    {
        if (options.Postgres is not null) return null;
        var files = new DirectoryInfo(options.DataDirectory).GetFiles(JournalPattern);
        return files.Length == 0 ? null : new JournalFacts(files.Sum(file => file.Length), files.Min(file => new DateTimeOffset(file.CreationTimeUtc, TimeSpan.Zero)));
    }

    private static Volume Of(string what, string path)
    {
        var drive = new DriveInfo(Path.GetFullPath(path));
        return new Volume(what, path, drive.AvailableFreeSpace, drive.TotalSize);
    }
}
