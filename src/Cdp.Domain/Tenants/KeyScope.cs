using System.Collections.Frozen;
using Cdp.Domain.Events;
using Cdp.State.V1;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>What a key may publish: events of some source, of some channels, of some types.</summary>
public sealed class KeyScope
{
    /// <summary>The event names another source than that of its key.</summary>
    public const string SourceForbidden = "SOURCE_FORBIDDEN";

    /// <summary>The event's channel is none of those of its key.</summary>
    public const string ChannelForbidden = "CHANNEL_FORBIDDEN";

    /// <summary>The event's type is none of those of its key.</summary>
    public const string TypeForbidden = "TYPE_FORBIDDEN";

    private readonly string? _source;
    private readonly FrozenSet<string>? _channels;
    private readonly FrozenSet<string>? _types;

    private KeyScope(Key key)
    {
        _source = key.SourceBound ? key.Source : null;
        _channels = key.AllowedChannels.Count > 0 ? key.AllowedChannels.ToFrozenSet(StringComparer.Ordinal) : null;
        _types = key.AllowedEventTypes.Count > 0 ? key.AllowedEventTypes.ToFrozenSet(StringComparer.Ordinal) : null;
    }

    /// <summary>What a key may publish; null: everything.</summary>
    public static KeyScope? Of(Key key) => key.SourceBound || key.AllowedChannels.Count > 0 || key.AllowedEventTypes.Count > 0 ? new KeyScope(key) : null;

    /// <summary>Whether a reason is one of those given here.</summary>
    public static bool IsReason(string reason) => reason is SourceForbidden or ChannelForbidden or TypeForbidden;

    /// <summary>What of an event is not the key's to say; null: nothing.</summary>
    public EventRefusal? Check(EventHead head)
    {
        if (_source is not null && head.Source.Length > 0 && !string.Equals(head.Source, _source, StringComparison.Ordinal))
            return new(SourceForbidden, "source", "This key publishes events of its own source only. Leave the source out, or use the key of the source that you name.");
        if (_channels is not null && !_channels.Contains(head.Channel))
            return new(ChannelForbidden, "channel", "This key does not publish events of this channel, or of none. Name one that `cdp keys list` shows for it, or use another key.");
        return CheckType(head.Type.Length > 0 ? head.Type : KindName(head.Kind));
    }

    /// <summary>What is wrong with publishing events of a type; null: nothing.</summary>
    public EventRefusal? CheckType(string type) => _types is null || _types.Contains(type)
        ? null
        : new(TypeForbidden, "type", "This key does not publish events of this type. Send one that `cdp keys list` shows for it, or use another key.");

    /// <summary>What stands for the type of an event without one; a TRACK event always has one.</summary>
    private static string KindName(EventKind kind) => kind switch
    {
        EventKind.Identify => "identify",
        EventKind.Page => "page",
        EventKind.Screen => "screen",
        EventKind.Group => "group",
        _ => "alias",
    };
}
