using System.Runtime.InteropServices;

namespace Cdp.SingleNode.Engine;

/// <summary>An activation's place in its kind's <see cref="LruList"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct LruNode
{
    internal Activation? Next;
    internal Activation? Previous;

    /// <summary>Second of the last call. Written by callers without the list's lock.</summary>
    internal int LastUsed;

    /// <summary>Second at which it was put in its present place.</summary>
    internal int Placed;

    internal bool Listed;
}

/// <summary>
/// Activations of one kind, about in order of their last use. A call only notes its second; the list is put right when
/// its head is looked at (second chance), so that calls take no lock on it.
/// </summary>
internal sealed class LruList
{
    private readonly Lock _gate = new();
    private Activation? _first;
    private Activation? _last;
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    internal void Add(Activation activation)
    {
        lock (_gate)
            Append(activation);
    }

    internal void Remove(Activation activation)
    {
        lock (_gate)
        {
            if (activation.Lru.Listed)
                Unlink(activation);
        }
    }

    /// <summary>Moves an activation that turned out to be in use to the end.</summary>
    internal void Spare(Activation activation, int now)
    {
        lock (_gate)
        {
            if (!activation.Lru.Listed)
                return;
            Unlink(activation);
            activation.Lru.LastUsed = now;
            Append(activation);
        }
    }

    /// <summary>
    /// The least recently used activation, or null if there is none that was last used at or before
    /// <paramref name="latest"/>. Looks at no more than the list's length.
    /// </summary>
    internal Activation? Oldest(int latest)
    {
        lock (_gate)
        {
            for (var looked = _count; looked > 0; looked--)
            {
                var head = _first!;
                if (head.Lru.LastUsed <= head.Lru.Placed)
                    return head.Lru.LastUsed <= latest ? head : null;
                if (head.Lru.Placed > latest)
                    return null;
                Unlink(head);
                Append(head);
            }

            return _first is { } first && first.Lru.LastUsed <= latest ? first : null;
        }
    }

    private void Append(Activation activation)
    {
        activation.Lru.Placed = activation.Lru.LastUsed;
        activation.Lru.Previous = _last;
        activation.Lru.Next = null;
        if (_last is null)
            _first = activation;
        else
            _last.Lru.Next = activation;
        _last = activation;
        activation.Lru.Listed = true;
        _count++;
    }

    private void Unlink(Activation activation)
    {
        ref var node = ref activation.Lru;
        if (node.Previous is null)
            _first = node.Next;
        else
            node.Previous.Lru.Next = node.Next;
        if (node.Next is null)
            _last = node.Previous;
        else
            node.Next.Lru.Previous = node.Previous;
        node.Next = null;
        node.Previous = null;
        node.Listed = false;
        _count--;
    }
}
