namespace Cdp.Storage.Sqlite.State;

/// <summary>Makes tags that never come back, not even for a state that was cleared and written again.</summary>
internal sealed class TagSource(long start)
{
    private long _last = start << 32;

    public long Next() => ++_last;
}
