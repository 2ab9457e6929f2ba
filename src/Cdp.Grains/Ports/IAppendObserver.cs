namespace Cdp.Grains.Ports;

/// <summary>
/// Hears how an append ended that nobody awaits. One of the two is called, once, on any thread and beside the turns of a
/// grain: it returns at once and does not throw. Appends of one key are told in their order.
/// </summary>
public interface IAppendObserver
{
    /// <summary>The append is durable, or the history had another length (<paramref name="owned"/> is false).</summary>
    void Appended(bool owned);

    /// <summary>Whether it is durable is not known.</summary>
    void Failed(Exception exception);
}
