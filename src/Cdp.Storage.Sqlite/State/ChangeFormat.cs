using System.Text;

namespace Cdp.Storage.Sqlite.State;

/// <summary>
/// Changes in a block of the journal: kind u8, then its fields (<see cref="ChangeKind"/>) in order; numbers and lengths as
/// variable-length integers of 7 bits a byte, lowest first; texts as UTF-8 and values with their lengths before them.
/// </summary>
internal static class ChangeFormat
{
    private const int MaxNumber = 10;

    /// <summary>Text that has no bytes must not pass as something else.</summary>
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a change at the end of an arena.</summary>
    /// <returns>The change with the place of its value.</returns>
    /// <exception cref="ArgumentException">A text is no valid Unicode.</exception>
    public static StateChange Write(Arena arena, ChangeKind kind, string within, string key, long number, int count, ReadOnlySpan<byte> value)
    {
        var size = checked(1 + (5 * MaxNumber) + Utf8.GetMaxByteCount(within.Length) + Utf8.GetMaxByteCount(key.Length) + value.Length);
        var room = arena.Reserve(size);
        var start = arena.End;
        var at = 0;
        room[at++] = (byte)kind;
        at += WriteText(room[at..], within);
        if (kind is not (ChangeKind.AppendHistory or ChangeKind.DeleteHistory)) at += WriteText(room[at..], key);
        if (kind is ChangeKind.PutState or ChangeKind.AppendHistory) at += WriteNumber(room[at..], number);
        if (kind is ChangeKind.AppendHistory) at += WriteNumber(room[at..], count);
        var slice = default(Slice);
        if (kind is ChangeKind.PutState or ChangeKind.AppendHistory)
        {
            at += WriteNumber(room[at..], value.Length);
            value.CopyTo(room[at..]);
            slice = new Slice(start.Chunk, start.Offset + at, value.Length);
            at += value.Length;
        }

        arena.Advance(at);
        return new StateChange(kind, within, key, number, count, slice);
    }

    /// <summary>Reads the changes of a block.</summary>
    /// <param name="bytes">The array that holds the block.</param>
    /// <param name="chunk">Its number in the arena.</param>
    /// <param name="start">Where the changes begin.</param>
    /// <param name="end">Where they end.</param>
    /// <param name="apply">Called with each.</param>
    /// <returns>How many there were.</returns>
    public static int Read(byte[] bytes, int chunk, int start, int end, Action<StateChange> apply)
    {
        var changes = 0;
        for (var at = start; at < end; changes++)
        {
            var kind = (ChangeKind)bytes[at++];
            var within = ReadText(bytes, ref at);
            var key = kind is ChangeKind.AppendHistory or ChangeKind.DeleteHistory ? "" : ReadText(bytes, ref at);
            var number = kind is ChangeKind.PutState or ChangeKind.AppendHistory ? ReadNumber(bytes, ref at) : 0;
            var count = kind is ChangeKind.AppendHistory ? checked((int)ReadNumber(bytes, ref at)) : 0;
            var slice = default(Slice);
            if (kind is ChangeKind.PutState or ChangeKind.AppendHistory)
            {
                var length = checked((int)ReadNumber(bytes, ref at));
                slice = new Slice(chunk, at, length);
                at += length;
            }

            apply(new StateChange(kind, within, key, number, count, slice));
        }

        return changes;
    }

    /// <summary>Writes a number that is not negative.</summary>
    /// <returns>Its bytes.</returns>
    public static int WriteNumber(Span<byte> destination, long value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7) destination[at++] = (byte)(value | 0x80);
        destination[at++] = (byte)value;
        return at;
    }

    /// <summary>Reads a number.</summary>
    public static long ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0L;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }

    private static int WriteText(Span<byte> destination, string text)
    {
        var length = Utf8.GetByteCount(text);
        var at = WriteNumber(destination, length);
        return at + Utf8.GetBytes(text, destination[at..]);
    }

    private static string ReadText(byte[] bytes, ref int at)
    {
        var length = checked((int)ReadNumber(bytes, ref at));
        var text = Utf8.GetString(bytes, at, length);
        at += length;
        return text;
    }
}
