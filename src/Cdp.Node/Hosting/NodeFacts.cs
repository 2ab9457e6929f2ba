using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
    public string Version { get; } = typeof(NodeFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? string.Empty;

    /// <inheritdoc/>
    public IReadOnlyList<Listener> Listeners =>
        [.. new[] { ("gRPC", Server?.Url), ("HTTP/1.1", Server?.HttpUrl) }.Where(place => place.Item2 is not null).Select(place => Of(place.Item1, place.Item2!))];

    /// <inheritdoc/>
    public DateTimeOffset? CertificateEnds()
    {
        if (options.TlsCertificate is not { } path) return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return new DateTimeOffset(certificate.NotAfter);
        }
        catch (CryptographicException e)
        {
            throw new IOException($"{path}: {e.Message}", e);
        }
    }

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

    private static Listener Of(string protocol, Uri url) => new(
        protocol, url.Authority, IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address), url.Scheme == Uri.UriSchemeHttps);

    private static Volume Of(string what, string path)
    {
        var drive = new DriveInfo(Path.GetFullPath(path));
        return new Volume(what, path, drive.AvailableFreeSpace, drive.TotalSize);
    }
}
