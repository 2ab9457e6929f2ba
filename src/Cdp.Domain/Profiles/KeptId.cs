using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Cdp.State.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Profiles;

/// <summary>
/// An event's id as states keep it: of at most 40 ASCII characters, as nearly all are (a UUID has 36), in five numbers, else as
/// text. So a customer that lives long gets no object for the id of each event, which the garbage collector would have to
/// find from it and to move.
/// </summary>
internal readonly struct KeptId
{
    /// <summary>Characters that the numbers hold.</summary>
    public const int MostCharacters = Words * CharactersOfWord;

    /// <summary>The numbers.</summary>
    public const int Words = 5;

    private const int CharactersOfWord = sizeof(ulong);

    // Eight characters a word, the first one highest: words compare as the characters do. Zeros follow the last one.
    private readonly ulong _word0;
    private readonly ulong _word1;
    private readonly ulong _word2;
    private readonly ulong _word3;
    private readonly ulong _word4;
    private readonly string _text;

    public KeptId(string id)
    {
        Span<byte> ascii = stackalloc byte[MostCharacters];
        ascii.Clear();
        if (id.Length > MostCharacters || Ascii.FromUtf16(id, ascii, out int length) != OperationStatus.Done || ascii[..length].Contains((byte)0))
        {
            _text = id;
            return;
        }

        _text = string.Empty;
        _word0 = BinaryPrimitives.ReadUInt64BigEndian(ascii);
        _word1 = BinaryPrimitives.ReadUInt64BigEndian(ascii[8..]);
        _word2 = BinaryPrimitives.ReadUInt64BigEndian(ascii[16..]);
        _word3 = BinaryPrimitives.ReadUInt64BigEndian(ascii[24..]);
        _word4 = BinaryPrimitives.ReadUInt64BigEndian(ascii[32..]);
    }

    public KeptId(EventKey key) =>
        (_word0, _word1, _word2, _word3, _word4, _text) = (key.Id0, key.Id1, key.Id2, key.Id3, key.Id4, key.Id);

    private KeptId(ulong word0, ulong word1, ulong word2, ulong word3, ulong word4, string text) =>
        (_word0, _word1, _word2, _word3, _word4, _text) = (word0, word1, word2, word3, word4, text);

    /// <summary>The id itself where the numbers do not hold it, else empty.</summary>
    public string Text => _text;

    /// <summary>Most bytes that it takes in a state.</summary>
    public int Bytes
    {
        get
        {
            if (_text.Length > 0)
                return Encoding.UTF8.GetByteCount(_text);
            int words = _word4 != 0 ? 5 : _word3 != 0 ? 4 : _word2 != 0 ? 3 : _word1 != 0 ? 2 : 1;

            // A word has a tag before it.
            return words * (sizeof(ulong) + 1);
        }
    }

    public void PutInto(EventKey key) =>
        (key.Id0, key.Id1, key.Id2, key.Id3, key.Id4, key.Id) = (_word0, _word1, _word2, _word3, _word4, _text);

    /// <summary>Writes the numbers.</summary>
    public void Write(Span<ulong> words) =>
        (words[0], words[1], words[2], words[3], words[4]) = (_word0, _word1, _word2, _word3, _word4);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="words">Where the numbers are.</param>
    /// <param name="at">Index of the first.</param>
    /// <param name="text"><see cref="Text"/>.</param>
    public static KeptId Read(RepeatedField<ulong> words, int at, string text) =>
        new(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4], text);

    /// <summary>Compares by UTF-16 code units.</summary>
    public static int Compare(in KeptId left, in KeptId right)
    {
        if (left._text.Length > 0 || right._text.Length > 0)
            return string.CompareOrdinal(left.ToString(), right.ToString());
        int order = left._word0.CompareTo(right._word0);
        if (order == 0)
            order = left._word1.CompareTo(right._word1);
        if (order == 0)
            order = left._word2.CompareTo(right._word2);
        if (order == 0)
            order = left._word3.CompareTo(right._word3);
        return order == 0 ? left._word4.CompareTo(right._word4) : order;
    }

    public override string ToString()
    {
        if (_text.Length > 0)
            return _text;
        Span<byte> ascii = stackalloc byte[MostCharacters];
        BinaryPrimitives.WriteUInt64BigEndian(ascii, _word0);
        BinaryPrimitives.WriteUInt64BigEndian(ascii[8..], _word1);
        BinaryPrimitives.WriteUInt64BigEndian(ascii[16..], _word2);
        BinaryPrimitives.WriteUInt64BigEndian(ascii[24..], _word3);
        BinaryPrimitives.WriteUInt64BigEndian(ascii[32..], _word4);
        int length = ascii.IndexOf((byte)0);
        return Encoding.ASCII.GetString(length < 0 ? ascii : ascii[..length]);
    }
}
