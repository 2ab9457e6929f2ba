using System.Collections;
using System.Net.Http.Headers;
using Cdp.Rpc.Wire;

namespace Cdp.Client;

/// <summary>Metadata of a call: names in lower case; a name ending in "-bin" holds bytes, any other printable ASCII.</summary>
public sealed class CallMetadata : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _entries = [];

    /// <summary>Adds text.</summary>
    /// <exception cref="ArgumentException">The name or value is not allowed in metadata.</exception>
    public void Add(string name, string value)
    {
        BinaryMetadata.Validate(name, value);
        _entries.Add(new(name, value));
    }

    /// <summary>Adds bytes under a name ending in "-bin".</summary>
    /// <exception cref="ArgumentException">The name is not allowed in metadata.</exception>
    public void Add(string name, ReadOnlySpan<byte> value)
    {
        BinaryMetadata.Validate(name, asciiValue: null);
        _entries.Add(new(name, BinaryMetadata.Encode(value)));
    }

    /// <summary>All text values of a name, in order.</summary>
    public IEnumerable<string> GetAll(string name) =>
        _entries.Where(entry => string.Equals(entry.Key, name, StringComparison.Ordinal)).Select(entry => entry.Value);

    /// <summary>The first text value of a name; null when absent.</summary>
    public string? Get(string name) => GetAll(name).FirstOrDefault();

    /// <summary>All binary values of a name ending in "-bin", in order; what is no base64 is left out.</summary>
    public IReadOnlyList<byte[]> GetBytes(string name)
    {
        var values = new List<byte[]>();
        foreach (var part in GetAll(name).SelectMany(value => value.Split(',')))
        {
            if (BinaryMetadata.TryDecode(part, out var bytes))
            {
                values.Add(bytes);
            }
        }

        return values;
    }

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static CallMetadata From(HttpHeaders headers)
    {
        var metadata = new CallMetadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
            {
                metadata._entries.Add(new(name, value));
            }
        }

        return metadata;
    }
}
