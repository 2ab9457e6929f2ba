using Cdp.State.V1;

namespace Cdp.Domain.Profiles;

/// <summary>One of the newest events.</summary>
/// <param name="EffectiveAt">Effective time in microseconds since the epoch.</param>
/// <param name="Id">Its id.</param>
/// <param name="Source">Its source.</param>
/// <param name="Type">Its type.</param>
/// <param name="Channel">Its channel.</param>
/// <param name="Partition">Where it stands in the log.</param>
/// <param name="Position">Its position there.</param>
internal readonly record struct RecentEventRow(long EffectiveAt, KeptId Id, string Source, string Type, string Channel, int Partition, long Position)
{
    public OrderKey Key => new(EffectiveAt, Source, Id);
}

/// <summary>The newest events of a state, as its rows of words and names: oldest first.</summary>
internal static class RecentEvents
{
    private const int WordsOfRow = KeptId.Words + 3;
    private const int NamesOfRow = 4;

    public static int Count(ProfileState state) => state.RecentNames.Count / NamesOfRow;

    public static RecentEventRow Get(ProfileState state, int at)
    {
        var (words, names) = (state.RecentWords, state.RecentNames);
        int word = at * WordsOfRow;
        int name = at * NamesOfRow;
        return new((long)words[word], KeptId.Read(words, word + 1, names[name + 3]), names[name], names[name + 1], names[name + 2],
            (int)words[word + 1 + KeptId.Words], (long)words[word + 2 + KeptId.Words]);
    }

    public static long EffectiveAt(ProfileState state, int at) => (long)state.RecentWords[at * WordsOfRow];

    public static void Insert(ProfileState state, int at, in RecentEventRow row)
    {
        Span<ulong> words = stackalloc ulong[WordsOfRow];
        words[0] = (ulong)row.EffectiveAt;
        row.Id.Write(words[1..]);
        words[1 + KeptId.Words] = (ulong)row.Partition;
        words[2 + KeptId.Words] = (ulong)row.Position;
        Rows.Insert(state.RecentWords, at, words);
        Rows.Insert(state.RecentNames, at, [row.Source, row.Type, row.Channel, row.Id.Text]);
    }

    public static void RemoveFirst(ProfileState state)
    {
        Rows.Remove(state.RecentWords, 0, WordsOfRow);
        Rows.Remove(state.RecentNames, 0, NamesOfRow);
    }
}
