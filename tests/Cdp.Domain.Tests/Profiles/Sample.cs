using Cdp.V1;

namespace Cdp.Domain.Tests.Profiles;

/// <summary>Single events, written short.</summary>
internal static class Sample
{
    public static Occurrence Track(string id, string type, long at, string source = "shop", string channel = "", params (string Name, Value Value)[] properties)
    {
        var made = new Event { Id = id, Kind = EventKind.Track, Type = type, Source = source, Channel = channel };
        foreach (var (name, value) in properties)
            made.Properties[name] = value;
        return At(made, at);
    }

    public static Occurrence Traits(
        string id, long at, (string Name, object Value)? set = null, (string Name, object Value)? once = null, (string Name, object Value)? add = null, string? unset = null)
    {
        var changes = new TraitChanges();
        if (set is { } s)
            changes.Set[s.Name] = Of(s.Value);
        if (once is { } o)
            changes.SetOnce[o.Name] = Of(o.Value);
        if (add is { } a)
            changes.Add[a.Name] = Of(a.Value);
        if (unset is not null)
            changes.Unset.Add(unset);
        return At(new Event { Id = id, Kind = EventKind.Identify, Source = "crm", Traits = changes }, at);
    }

    public static Occurrence At(Event made, long at) => new(made, made.Source, at, at, 0, at);

    public static Value Of(object value) => value switch
    {
        int number => new Value { IntValue = number },
        double number => new Value { DoubleValue = number },
        decimal number => new Value { DecimalValue = number.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        string text => new Value { StringValue = text },
        Value made => made,
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    public static Value List(params Value[] values) => new() { ListValue = new ListValue { Values = { values } } };

    public static Value Map(params (string Name, object Value)[] fields)
    {
        var map = new MapValue();
        foreach (var (name, value) in fields)
            map.Fields[name] = Of(value);
        return new Value { MapValue = map };
    }
}
