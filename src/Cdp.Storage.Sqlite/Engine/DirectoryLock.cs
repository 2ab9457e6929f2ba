using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Makes a directory belong to one store. The operating system holds the lock and drops it when the process ends in
/// whatever way; the text in the file only tells others who it is.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string Name = "lock";
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="StoreInUseException">Another store has it.</exception>
    public static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, Name);
        FileStream file;
        try
        {
            // On Windows a lock against all sharing would also hide the text.
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new StoreInUseException($"The data directory '{directory}' is in use by {Owner(path)}. Stop that process, or name another directory.", e);
        }

        using var self = Process.GetCurrentProcess();
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"process {self.Id}, started {self.StartTime.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z, on {Environment.MachineName}")));
        file.Flush();
        return new DirectoryLock(file);
    }

    public void Dispose() => _file.Dispose();

    private static string Owner(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd() is { Length: > 0 } text ? text : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
