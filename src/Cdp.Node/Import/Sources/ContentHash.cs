using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Cdp.Node.Import.Sources;

/// <summary>Hashes texts: equal for equal lists of texts, on every machine. Not for threads that share one.</summary>
public sealed class ContentHash
{
    private readonly XxHash128 _hash = new();
    private byte[] _bytes = new byte[1024];

    /// <summary>Adds a text; its length goes in as well, so that ("ab", "c") differs from ("a", "bc").</summary>
    public void Add(string text)
    {
        var most = sizeof(int) + Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_bytes.Length < most)
            _bytes = new byte[most];
        var length = Encoding.UTF8.GetBytes(text, _bytes.AsSpan(sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(_bytes, length);
        _hash.Append(_bytes.AsSpan(0, sizeof(int) + length));
    }

    /// <summary>Adds another hash.</summary>
    public void Add(UInt128 hash)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        _hash.Append(bytes);
    }

    /// <summary>Returns the hash of what was added and starts anew.</summary>
    public UInt128 Finish()
    {
        var value = _hash.GetCurrentHashAsUInt128();
        _hash.Reset();
        return value;
    }
}
