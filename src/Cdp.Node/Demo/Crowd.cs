namespace Cdp.Node.Demo;

/// <summary>
/// The people of the demo and everything they do: a function of the seed and the scale. Every identifier of a person is
/// shown together with the person's strongest one at least once, so that the truth does not depend on the order in which
/// events arrive.
/// </summary>
internal sealed class Crowd
{
    private const int DaysOfHistory = 90;
    private const int BusyPercent = 10;
    private const int PercentOfEventsByTheBusy = 40;

    private readonly SplitMix _random;
    private readonly DemoScale _scale;
    private readonly Person[] _people;
    private readonly DemoEvent[] _events;
    private readonly int[] _ordinals;
    private readonly List<(Channel Channel, Ids Carries)> _ways = [];
    private int _made;
    private int _sharedDevices;

    private Crowd(long seed, DemoScale scale)
    {
        _random = new SplitMix(seed);
        _scale = scale;
        _people = new Person[scale.People];
        _ordinals = new int[scale.People];
        _events = new DemoEvent[scale.Events];
    }

    public IReadOnlyList<Person> People => _people;

    public IReadOnlyList<DemoEvent> Events => _events;

    /// <summary>Pairs of people whom nothing tells apart.</summary>
    public int Couples { get; private set; }

    /// <summary>Pairs of people with accounts of their own on one tablet.</summary>
    public int Families { get; private set; }

    public static Crowd Make(long seed, DemoScale scale)
    {
        var crowd = new Crowd(seed, scale);
        crowd.Settle();
        for (var person = 0; person < crowd._people.Length; person++) crowd.ShowIdentifiers(person);
        var busy = Math.Max(1, scale.People * BusyPercent / 100);
        while (crowd._made < scale.Events)
        {
            var isBusy = crowd._random.Chance(PercentOfEventsByTheBusy);
            crowd.DoSomething(isBusy ? scale.People - 1 - crowd._random.Below(busy) : crowd._random.Below(scale.People));
        }

        return crowd;
    }

    private void Settle()
    {
        var next = 0;
        var kiosk = _sharedDevices++;
        for (; next < _scale.KioskLogins; next++)
            _people[next] = new Person(Habit.Kiosk, Ids.UserId | Ids.Email | Ids.Cookie1 | Ids.Shared, kiosk, SomeCurrency());
        for (var pairs = _scale.People / 50; Families < pairs; Families++)
            next = Pair(next, Habit.Family, Ids.UserId | Ids.Email | Ids.Cookie1 | Ids.Shared);
        for (var pairs = _scale.People / 50; Couples < pairs; Couples++)
            next = Pair(next, Habit.Couple, Ids.Email | Ids.Cookie1 | Ids.Shared);
        for (; next < _people.Length; next++)
        {
            _people[next] = _random.Below(100) switch
            {
                < 50 => new Person(
                    Habit.Member,
                    Ids.UserId | Ids.Cookie1 | Maybe(60, Ids.Email) | Maybe(30, Ids.Cookie2) | Maybe(5, Ids.Cookie3) | Maybe(30, Ids.App)
                    | Maybe(25, Ids.LoyaltyCard) | Maybe(15, Ids.Phone), -1, SomeCurrency()),
                < 65 => new Person(Habit.WalkIn, Ids.LoyaltyCard | Maybe(40, Ids.Email) | Maybe(20, Ids.Phone), -1, SomeCurrency()),
                _ => new Person(Habit.Visitor, Ids.Cookie1 | Maybe(30, Ids.Email), -1, SomeCurrency()),
            };
        }
    }

    private int Pair(int first, Habit habit, Ids owns)
    {
        var device = _sharedDevices++;
        for (var i = first; i < first + 2; i++) _people[i] = new Person(habit, owns, device, SomeCurrency());
        return first + 2;
    }

    private Ids Maybe(int percent, Ids id) => _random.Chance(percent) ? id : Ids.None;

    private Currency SomeCurrency() => _random.Chance(8) ? Currency.Chf : Currency.Eur;

    private void ShowIdentifiers(int person)
    {
        var owns = _people[person].Owns;
        var strongest = Strongest(owns);
        var others = owns & ~strongest;
        if (others == Ids.None) DoSomething(person);
        while (others != Ids.None)
        {
            var other = Strongest(others);
            others &= ~other;
            var channel = other switch
            {
                Ids.Shared when _people[person].Habit == Habit.Kiosk => Channel.Store,
                Ids.LoyaltyCard => Channel.Store,
                Ids.App or Ids.Shared => Channel.App,
                Ids.Phone => Channel.Phone,
                _ => strongest == Ids.LoyaltyCard ? Channel.Store : Channel.Web,
            };
            Do(person, channel == Channel.Phone ? Deed.Called : strongest == Ids.LoyaltyCard ? Deed.ReceiptSent : Deed.SignedIn, channel, strongest | other);
        }
    }

    private void DoSomething(int person)
    {
        FindWays(person);
        var (channel, carries) = _ways[_random.Below(_ways.Count)];
        var dice = _random.Below(100);
        var deed = channel switch
        {
            Channel.Web or Channel.App => dice switch { < 62 => Deed.LookedAt, < 80 => Deed.PutInCart, < 90 => Deed.Bought, < 92 => Deed.GaveBack, _ => Deed.OpenedPage },
            Channel.Store => dice switch { < 85 => Deed.Bought, _ => Deed.GaveBack },
            Channel.Phone => Deed.Called,
            Channel.Email => Deed.OpenedMail,
            Channel.Chat => Deed.Chatted,
            _ => dice switch { < 80 => Deed.TriedOn, _ => Deed.Bought },
        };
        Do(person, deed, channel, carries);
    }

    /// <summary>Finds where a person may turn up, and as whom.</summary>
    private void FindWays(int person)
    {
        var (habit, owns, _, _) = _people[person];
        _ways.Clear();
        var account = owns & Ids.UserId;
        for (var cookie = Ids.Cookie1; cookie <= Ids.Cookie3; cookie = (Ids)((int)cookie << 1))
        {
            if (!owns.HasFlag(cookie)) continue;
            _ways.AddRange([(Channel.Web, cookie), (Channel.Web, cookie | account), (Channel.Chat, cookie)]);
        }

        if (owns.HasFlag(Ids.App)) _ways.AddRange([(Channel.App, Ids.App), (Channel.App, Ids.App | account)]);
        if (owns.HasFlag(Ids.LoyaltyCard)) _ways.AddRange([(Channel.Store, Ids.LoyaltyCard), (Channel.SmartMirror, Ids.LoyaltyCard)]);
        if (owns.HasFlag(Ids.Phone)) _ways.Add((Channel.Phone, Ids.Phone));
        if (owns.HasFlag(Ids.Email)) _ways.AddRange([(Channel.Email, Ids.Email), (Channel.Chat, Ids.Email | (owns & Ids.Cookie1))]);
        if (habit == Habit.Family) _ways.Add((Channel.App, Ids.Shared | account));
        if (habit == Habit.Couple) _ways.AddRange([(Channel.App, Ids.Shared), (Channel.App, Ids.Shared | Ids.Email)]);
    }

    private void Do(int person, Deed deed, Channel channel, Ids carries)
    {
        var items = deed switch { Deed.Bought => 1 + _random.Below(3), Deed.LookedAt or Deed.PutInCart or Deed.GaveBack or Deed.TriedOn => 1, _ => 0 };
        _events[_made++] = new DemoEvent(
            person, _ordinals[person]++, deed, channel, carries, (byte)_random.Below(EventFactory.Categories.Length), (byte)items,
            items == 0 ? 0 : 199 + _random.Below(60_000), 1 + _random.Below(DaysOfHistory * 24 * 60));
    }

    private static Ids Strongest(Ids ids) => (Ids)((int)ids & -(int)ids);
}
