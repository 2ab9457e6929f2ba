using System.Globalization;
using Cdp.Node.Import.Sources;

namespace Cdp.Node.Import;

/// <summary>
/// Gives each line or group of a file its event id: the same file gives the same ids, whenever it is imported. Remembers
/// 16 bytes a line and a table's overhead, about 40 in all.
/// </summary>
public sealed class EventIds
{
    private const int MaxKeyInId = 64;

    private readonly Dictionary<UInt128, int> _occurrences = [];
    private readonly Dictionary<UInt128, UInt128> _contentOfId = [];
    private readonly ContentHash _hash = new();

    /// <summary>Whether a mapped id was seen before.</summary>
    public enum Use
    {
        /// <summary>Not before.</summary>
        New,

        /// <summary>Before, with the same content.</summary>
        Repeated,

        /// <summary>Before, with other content.</summary>
        Reused,
    }

    /// <summary>Makes an id from the content: its hash and the how manieth of its kind it is; a group's key goes before it.</summary>
    public string FromContent(ImportUnit unit)
    {
        if (unit.Key is null)
            return Count(unit.Records[0].Hash, Hex(unit.Records[0].Hash));
        foreach (var record in unit.Records)
            _hash.Add(record.Hash);
        var lines = _hash.Finish();
        _hash.Add(unit.Key);
        var keyHash = _hash.Finish();
        var key = unit.Key.Length <= MaxKeyInId ? unit.Key : Hex(keyHash);

        // Two groups of one key with equal lines are told apart; two of different keys need not be.
        _hash.Add(keyHash);
        _hash.Add(lines);
        return Count(_hash.Finish(), $"{key}-{Hex(lines)}");
    }

    /// <summary>Notes that an id from mapped columns is used for a unit's content.</summary>
    public Use Note(string id, ImportUnit unit)
    {
        foreach (var record in unit.Records)
            _hash.Add(record.Hash);
        var content = _hash.Finish();
        _hash.Add(id);
        var key = _hash.Finish();
        if (_contentOfId.TryAdd(key, content))
            return Use.New;
        return _contentOfId[key] == content ? Use.Repeated : Use.Reused;
    }

    private string Count(UInt128 content, string id)
    {
        _occurrences.TryGetValue(content, out var before);
        _occurrences[content] = before + 1;
        return string.Create(CultureInfo.InvariantCulture, $"{id}-{before + 1}");
    }

    private static string Hex(UInt128 hash) => hash.ToString("x32", CultureInfo.InvariantCulture);
}
