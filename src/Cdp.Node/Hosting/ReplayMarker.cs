using Cdp.Storage.Sqlite;

namespace Cdp.Node.Hosting;

/// <summary>
/// Says in a data directory that a replay was begun and how far it drops; gone once it ended. While it is there, what
/// the directory holds may be incomplete: only another replay may work on it.
/// </summary>
internal static class ReplayMarker
{
    private const string FileName = "replay.unfinished";
    private const string FromLog = "from-log";
    private const string FromHistory = "from-history";

    /// <summary>Whether an unfinished replay was one from the log; null: there is none.</summary>
    public static bool? Read(string dataDirectory)
    {
        var path = PathIn(dataDirectory);

        // A marker that was torn while it was written stands for the replay that drops more.
        return File.Exists(path) ? File.ReadAllText(path) != FromHistory : null;
    }

    /// <summary>Marks that a replay begins; on disk when it returns.</summary>
    public static void Write(string dataDirectory, bool fromLog)
    {
        using var file = new FileStream(PathIn(dataDirectory), FileMode.Create, FileAccess.Write);
        file.Write(System.Text.Encoding.ASCII.GetBytes(fromLog ? FromLog : FromHistory));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Marks that it ended.</summary>
    public static void Remove(string dataDirectory) => File.Delete(PathIn(dataDirectory));

    /// <summary>Refuses to serve what is incomplete.</summary>
    /// <exception cref="StorageException">A replay is unfinished.</exception>
    public static void ThrowIfUnfinished(string dataDirectory)
    {
        if (Read(dataDirectory) is not null)
        {
            throw new StorageException(
                $"A replay of '{dataDirectory}' was interrupted, so what it holds is incomplete. Run 'cdp replay --data {dataDirectory}' to its end, then start again.");
        }
    }

    private static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, FileName);
}
