using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Cdp.Storage.Postgres.Engine;

/// <summary>Values of statements. Keys are UTF-8 bytes: PostgreSQL's text takes no zero, and bytes sort as ordinal text does.</summary>
internal static class Sql
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static byte[] Key(string text) => Utf8.GetBytes(text);

    /// <summary>Bytes of a key.</summary>
    public static int Size(string text) => Utf8.GetByteCount(text);

    public static string Text(byte[] key) => Utf8.GetString(key);

    public static NpgsqlParameter Of(int value) => new NpgsqlParameter<int> { TypedValue = value };

    public static NpgsqlParameter Of(long value) => new NpgsqlParameter<long> { TypedValue = value };

    public static NpgsqlParameter Of(string value) => new NpgsqlParameter<string> { TypedValue = value };

    public static NpgsqlParameter Of(byte[] value) => new NpgsqlParameter<byte[]> { TypedValue = value };

    public static NpgsqlParameter Of(int[] values) => Array(values, NpgsqlDbType.Integer);

    public static NpgsqlParameter Of(long[] values) => Array(values, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Of(string[] values) => Array(values, NpgsqlDbType.Text);

    public static NpgsqlParameter Of(byte[][] values) => Array(values, NpgsqlDbType.Bytea);

    /// <summary>A batch's statement.</summary>
    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<T> Array<T>(T values, NpgsqlDbType type) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
