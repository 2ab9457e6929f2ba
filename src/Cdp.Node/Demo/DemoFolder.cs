using Cdp.Gateway.Keys;
using Cdp.Node.Commands;

namespace Cdp.Node.Demo;

/// <summary>Where the demo's server keeps its data and its key.</summary>
internal sealed class DemoFolder : IDisposable
{
    private readonly string _root;
    private readonly bool _isKept;

    private DemoFolder(string root, bool isKept)
    {
        _root = root;
        _isKept = isKept;
        Key = ApiKeys.MakeOperatorKey();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(KeyFile, options);
        writer.WriteLine(Key);
    }

    /// <summary>The data directory.</summary>
    public string Data => Path.Combine(_root, "data");

    /// <summary>File with what the server printed.</summary>
    public string Log => Path.Combine(_root, "server.log");

    /// <summary>File with the key, readable by its owner only.</summary>
    public string KeyFile => Path.Combine(_root, "demo.key");

    /// <summary>The operator's key.</summary>
    public string Key { get; }

    /// <summary>Makes a folder.</summary>
    /// <param name="keep">Directory to keep, absent or empty; null: a temporary one.</param>
    /// <exception cref="CommandException">The directory holds something.</exception>
    public static DemoFolder Make(string? keep)
    {
        if (keep is null) return new DemoFolder(Directory.CreateTempSubdirectory("cdp-demo-").FullName, isKept: false);
        var root = Directory.CreateDirectory(keep).FullName;
        if (Directory.EnumerateFileSystemEntries(root).Any()) throw new CommandException($"{root} is not empty; name a new directory with --keep.");
        return new DemoFolder(root, isKept: true);
    }

    public void Dispose()
    {
        if (!_isKept) Directory.Delete(_root, recursive: true);
    }
}
