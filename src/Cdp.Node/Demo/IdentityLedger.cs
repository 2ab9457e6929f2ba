namespace Cdp.Node.Demo;

/// <summary>
/// The ledger's own idea of who is who: identifiers shown together belong to one customer (union-find), unless that would
/// give one customer two accounts, two loyalty cards, six addresses of one kind or 21 devices of one kind.
/// </summary>
internal sealed class IdentityLedger
{
    private const int Kinds = 6;
    private const int IdsOfOne = 8;

    private static readonly int[] Most = [1, 1, 5, 5, 20, 20];

    private readonly IReadOnlyList<Person> _people;
    private readonly int[] _parents;
    private readonly byte[] _counts;

    public IdentityLedger(IReadOnlyList<Person> people)
    {
        _people = people;
        var nodes = (people.Count * IdsOfOne) + people.Max(p => p.SharedDevice) + 1;
        _parents = new int[nodes];
        Array.Fill(_parents, -1);
        _counts = new byte[nodes * Kinds];
    }

    /// <summary>Number of customers seen so far.</summary>
    public int Customers { get; private set; }

    /// <summary>Learns from the identifiers that one event shows.</summary>
    public void Learn(int person, Ids shown)
    {
        var strongest = -1;
        for (var bit = 0; bit <= IdsOfOne; bit++)
        {
            if (((int)shown & (1 << bit)) == 0) continue;
            var node = See(person, bit);
            if (strongest < 0) strongest = node;
            else Join(strongest, node);
        }
    }

    /// <summary>The customer that an identifier belongs to, as a number.</summary>
    public int CustomerOf(int person, Ids id) => Find(NodeOf(person, int.TrailingZeroCount((int)id)));

    private int See(int person, int bit)
    {
        var node = NodeOf(person, bit);
        if (_parents[node] >= 0) return node;
        _parents[node] = node;
        _counts[(node * Kinds) + KindOf(bit)] = 1;
        Customers++;
        return node;
    }

    private void Join(int first, int second)
    {
        var a = Find(first);
        var b = Find(second);
        if (a == b) return;
        var ours = _counts.AsSpan(a * Kinds, Kinds);
        var theirs = _counts.AsSpan(b * Kinds, Kinds);
        for (var kind = 0; kind < Kinds; kind++)
        {
            if (ours[kind] + theirs[kind] > Most[kind]) return;
        }

        for (var kind = 0; kind < Kinds; kind++) ours[kind] += theirs[kind];
        _parents[b] = a;
        Customers--;
    }

    private int Find(int node)
    {
        while (_parents[node] != node) node = _parents[node] = _parents[_parents[node]];
        return node;
    }

    private int NodeOf(int person, int bit) =>
        bit == IdsOfOne ? (_people.Count * IdsOfOne) + _people[person].SharedDevice : (person * IdsOfOne) + bit;

    private static int KindOf(int bit) => (Ids)(1 << bit) switch
    {
        Ids.UserId => 0,
        Ids.LoyaltyCard => 1,
        Ids.Email => 2,
        Ids.Phone => 3,
        Ids.App or Ids.Shared => 4,
        _ => 5,
    };
}
