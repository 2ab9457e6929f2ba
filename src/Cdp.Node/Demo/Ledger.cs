using System.Numerics;

namespace Cdp.Node.Demo;

/// <summary>
/// The truth about the crowd, kept by the demo itself from what it made, with integers and rules of its own: it shares no
/// line with the server's.
/// </summary>
internal sealed class Ledger
{
    private readonly IReadOnlyList<Person> _people;
    private readonly IdentityLedger _identities;
    private readonly Dictionary<int, Account> _accounts = [];
    private readonly long[] _byChannel = new long[Enum.GetValues<Channel>().Length];

    public Ledger(Crowd crowd)
    {
        _people = crowd.People;
        _identities = new IdentityLedger(_people);
        foreach (var e in crowd.Events) _identities.Learn(e.Person, e.Carries);
        foreach (var e in crowd.Events) Book(e);
    }

    /// <summary>Customers that the people are.</summary>
    public int Customers => _identities.Customers;

    public IReadOnlyCollection<Account> Accounts => _accounts.Values;

    /// <summary>Events of a channel.</summary>
    public long EventsIn(Channel channel) => _byChannel[(int)channel];

    /// <summary>The account of the customer that an identifier belongs to.</summary>
    public Account AccountOf(int person, Ids id) => _accounts[_identities.CustomerOf(person, id)];

    /// <summary>What a person alone can be asked for by; a device that several people with accounts share is nobody's own.</summary>
    public Ids[] AsksFor(int person)
    {
        var (habit, owns, _, _) = _people[person];
        if (habit is Habit.Kiosk or Habit.Family) owns &= ~Ids.Shared;
        var ids = new Ids[BitOperations.PopCount((uint)owns)];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = Strongest(owns);
            owns &= ~ids[i];
        }

        return ids;
    }

    private void Book(in DemoEvent e)
    {
        var customer = _identities.CustomerOf(e.Person, Strongest(e.Carries));
        if (!_accounts.TryGetValue(customer, out var account)) _accounts[customer] = account = new Account();
        account.Events++;
        _byChannel[(int)e.Channel]++;
        var sums = account.In(_people[e.Person].Currency);
        if (e.Deed == Deed.Bought)
        {
            sums.Orders++;
            sums.GrossCents += e.AmountCents;
        }
        else if (e.Deed == Deed.GaveBack)
        {
            sums.Refunds++;
            sums.RefundedCents += e.AmountCents;
        }
    }

    private static Ids Strongest(Ids ids) => (Ids)((int)ids & -(int)ids);
}

/// <summary>What one customer must be found to have done.</summary>
internal sealed class Account
{
    private readonly Sums[] _sums = [new(), new()];

    public long Events { get; set; }

    /// <summary>Orders and refunds in one currency.</summary>
    public Sums In(Currency currency) => _sums[(int)currency];
}

/// <summary>Orders and refunds in one currency.</summary>
internal sealed record Sums
{
    public long Orders { get; set; }

    public long Refunds { get; set; }

    public long GrossCents { get; set; }

    public long RefundedCents { get; set; }
}
