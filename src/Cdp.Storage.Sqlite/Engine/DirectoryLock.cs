using System.Diagnostics;
using System.Globalization;

namespace Cdp.Storage.Sqlite.Engine;

/// <summary>
/// Makes a directory belong to one store. The operating system holds the lock and drops it when the process ends in
/// whatever way. Who has it stands in a file beside it, since a locked file cannot be read by others everywhere.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="StoreInUseException">Another store has it.</exception>
    public static DirectoryLock Take(string directory)
    {
        var owner = Path.Combine(directory, "lock.owner");
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new StoreInUseException($"The data directory '{directory}' is in use by {Read(owner)}. Stop that process, or name another directory.", e);
        }

        try
        {
            using var self = Process.GetCurrentProcess();
            File.WriteAllText(owner, string.Create(
                CultureInfo.InvariantCulture,
                $"process {self.Id}, started {self.StartTime.ToUniversalTime():yyyy-MM-dd HH:mm:ss}Z, on {Environment.MachineName}"));
            return new DirectoryLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Read(string owner)
    {
        try
        {
            return File.ReadAllText(owner) is { Length: > 0 } text ? text : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
