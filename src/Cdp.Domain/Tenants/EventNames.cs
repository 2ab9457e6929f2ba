using System.Collections.Frozen;
using Cdp.V1;

namespace Cdp.Domain.Tenants;

/// <summary>
/// Roles of the field's common event names (Segment's e-commerce spec V2, the recommended events of Google Analytics 4,
/// and the usual names of support tools). Compared without case, spaces, dots, underscores and hyphens.
/// </summary>
internal static class EventNames
{
    private static readonly string[] Orders = ["Order Completed", "Completed Order", "Order Placed", "Purchase", "Purchased"];

    private static readonly string[] Refunds = ["Order Refunded", "Refund", "Refunded", "Order Returned"];

    private static readonly string[] Views =
    [
        "Product Viewed", "Viewed Product", "Product List Viewed", "Page Viewed", "Page View", "Screen Viewed", "Screen View",
        "Cart Viewed", "Promotion Viewed", "Category Viewed", "View Item", "View Item List", "View Cart", "View Promotion",
    ];

    private static readonly string[] Contacts =
    [
        "Chat Started", "Chat Message", "Chat Message Sent", "Chat Message Received", "Chat Ended", "Live Chat Conversation Started",
        "Live Chat Conversation Ended", "Live Chat Message Sent", "Live Chat Message Received", "Contact", "Contacted",
        "Contact Form Submitted", "Call Started", "Call Received", "Call Ended", "Phone Call", "Support Ticket Created",
        "Support Ticket Updated", "Support Ticket Closed", "Ticket Created", "Ticket Updated", "Ticket Closed", "Case Opened",
        "Case Closed", "Support Contacted", "Complaint", "Complaint Received", "Email Received",
    ];

    private static readonly FrozenDictionary<string, EventRole> Roles = Pairs(Orders, EventRole.Order)
        .Concat(Pairs(Refunds, EventRole.Refund))
        .Concat(Pairs(Views, EventRole.View))
        .Concat(Pairs(Contacts, EventRole.Contact))
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The role of a TRACK event's name; INTERACTION for any that is not common.</summary>
    public static EventRole RoleOf(string name) => Roles.GetValueOrDefault(Folded(name), EventRole.Interaction);

    private static IEnumerable<KeyValuePair<string, EventRole>> Pairs(string[] names, EventRole role) =>
        names.Select(name => KeyValuePair.Create(Folded(name), role));

    private static string Folded(string name)
    {
        Span<char> folded = name.Length <= 128 ? stackalloc char[name.Length] : new char[name.Length];
        int length = 0;
        foreach (char c in name)
        {
            if (c is not (' ' or '_' or '-' or '.'))
                folded[length++] = char.ToLowerInvariant(c);
        }

        return new string(folded[..length]);
    }
}
