namespace Cdp.Node.Import;

/// <summary>Follows an import. Called from one flow at a time, except <see cref="Waiting"/>.</summary>
public interface IImportObserver
{
    /// <summary>An interrupted run is continued after this many lines.</summary>
    void Resuming(long lines);

    /// <summary>A batch was acknowledged.</summary>
    /// <param name="counters">What became of the lines so far; read at once, it changes.</param>
    /// <param name="fraction">Part of the file done, 0 to 1; null when its length is not known.</param>
    void Advanced(ImportCounters counters, double? fraction);

    /// <summary>A call is repeated after a pause. May be called concurrently.</summary>
    void Waiting(TimeSpan pause, string why);
}
