using System.Runtime.InteropServices;

namespace Cdp.SingleNode.Engine;

/// <summary>A first-in first-out list of turns with removal from the middle. Guarded by its activation's gate.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct TurnList
{
    private Turn? _last;

    internal Turn? First { get; private set; }

    internal readonly bool IsEmpty => First is null;

    internal void Add(Turn turn, Activation owner)
    {
        turn.Previous = _last;
        if (_last is null)
            First = turn;
        else
            _last.Next = turn;
        _last = turn;
        turn.Owner = owner;
    }

    internal void Remove(Turn turn)
    {
        if (turn.Previous is null)
            First = turn.Next;
        else
            turn.Previous.Next = turn.Next;
        if (turn.Next is null)
            _last = turn.Previous;
        else
            turn.Next.Previous = turn.Previous;
        turn.Next = null;
        turn.Previous = null;
        turn.Owner = null;
    }

    internal Turn? TakeFirst()
    {
        var turn = First;
        if (turn is not null)
            Remove(turn);
        return turn;
    }

    /// <summary>
    /// Tells every turn that another activation holds the list now, or none. The owner is written last: whoever reads
    /// it finds the list complete.
    /// </summary>
    internal readonly void Reassign(Activation? owner)
    {
        for (var turn = First; turn is not null; turn = turn.Next)
            turn.Owner = owner;
    }
}
