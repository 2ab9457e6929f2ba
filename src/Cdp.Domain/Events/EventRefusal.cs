namespace Cdp.Domain.Events;

/// <summary>Why an event is not taken in.</summary>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Field">Path of the field that is wrong, e.g. <c>identifiers[2].value</c>; empty where the whole event is.</param>
/// <param name="Message">What is wrong and what to do, for people. Holds no value of the event.</param>
public sealed record EventRefusal(string Reason, string Field, string Message);
