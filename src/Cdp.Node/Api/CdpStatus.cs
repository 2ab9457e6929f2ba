namespace Cdp.Node.Api;

/// <summary>The gRPC status codes (grpc.io/docs/guides/status-codes), with their numbers.</summary>
public enum CdpStatus
{
    /// <summary>Not an error; never thrown.</summary>
    Ok = 0,

    /// <summary>The caller went away.</summary>
    Cancelled = 1,

    /// <summary>No more is known.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>No answer in time; the work may have been done.</summary>
    DeadlineExceeded = 4,

    /// <summary>The thing asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>It exists already.</summary>
    AlreadyExists = 6,

    /// <summary>The key is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>Too much for now.</summary>
    ResourceExhausted = 8,

    /// <summary>The server's state forbids it.</summary>
    FailedPrecondition = 9,

    /// <summary>Lost a race; the call may be repeated.</summary>
    Aborted = 10,

    /// <summary>Past the end.</summary>
    OutOfRange = 11,

    /// <summary>The server does not know this call.</summary>
    Unimplemented = 12,

    /// <summary>A fault of the server.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached now.</summary>
    Unavailable = 14,

    /// <summary>Data was lost.</summary>
    DataLoss = 15,

    /// <summary>No valid key.</summary>
    Unauthenticated = 16,
}
