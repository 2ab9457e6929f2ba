namespace Cdp.Rpc.Serving;

/// <summary>The transport has lost the client, possibly before the call's token says so.</summary>
internal sealed class ClientGoneException(Exception? inner = null) : OperationCanceledException("The client went away.", inner);
