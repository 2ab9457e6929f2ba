using Npgsql;

namespace Cdp.Storage.Postgres;

/// <summary>Failures of the server and of connections to it, in the words of the store.</summary>
internal static class PostgresFailures
{
    /// <summary>The transaction stood still for longer than its session allows (idle_in_transaction_session_timeout).</summary>
    private const string IdleInTransaction = "25P03";

    /// <summary>The store's exception for one of Npgsql.</summary>
    public static StorageException Of(string store, Exception failure) => failure switch
    {
        StorageException known => known,
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => new($"{store}: the server has no room left; free some and it goes on by itself (PostgreSQL {PostgresErrorCodes.DiskFull}).", failure) { IsFull = true },
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName } => new($"{store} holds no store of Orleans.Cdp. Run 'cdp migrate' for it first.", failure),
        PostgresException server => new($"{store}: {server.MessageText} (PostgreSQL {server.SqlState}).", failure),
        NpgsqlException { InnerException: TimeoutException } => new($"{store} does not answer in time. The store goes on by itself once it does.", failure),
        _ => new($"{store} cannot be reached: {failure.InnerException?.Message ?? failure.Message}. The store goes on by itself once it can.", failure),
    };

    /// <summary>Whether the server undid the transaction because of others; the same may be tried again.</summary>
    public static bool IsLost(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>Whether the connection ended under the call; another one may serve it.</summary>
    public static bool IsBroken(Exception failure) => failure switch
    {
        PostgresException server => server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or IdleInTransaction,
        NpgsqlException connection => connection.InnerException is not TimeoutException,
        _ => false,
    };

    /// <summary>Whether an exception comes from the server or the way to it.</summary>
    public static bool IsOurs(Exception failure) => failure is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException;
}
