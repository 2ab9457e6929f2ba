using Cdp.State.V1;

namespace Cdp.Domain.Identity;

/// <summary>
/// What the identity record amounts to so far, row by row. A row read here is changed in place by
/// <see cref="IdentityFold"/>, which then puts it back.
/// </summary>
public interface IIdentityRows
{
    /// <summary>The customer that an identifier was linked to; null, or without a customer: none. It may have been merged since.</summary>
    IdentityNode? Node(string key);

    /// <summary>A customer's group; null: never minted.</summary>
    IdentityGroup? Group(string customer);

    /// <summary>The refusal of a pair (see <see cref="IdentifierPair"/>); null: not refused.</summary>
    IdentityRefusal? Refusal(string pair);

    /// <summary>A decision about others names an identifier. Nothing is decided by it, so that its row need not be readable.</summary>
    void AddMention(string key, long sequence);

    /// <summary>A new row, or one in the place of an identifier's that was nobody's.</summary>
    void PutNode(string key, IdentityNode node);

    /// <summary>The group of a customer minted just now. Where the row is there already, it stays.</summary>
    void AddGroup(string customer, IdentityGroup group);

    /// <summary>A changed row.</summary>
    void PutGroup(string customer, IdentityGroup group);

    /// <summary>A new row.</summary>
    void PutRefusal(string pair, IdentityRefusal refusal);

    /// <summary>A full page of a group's older facts; putting it again changes nothing.</summary>
    void PutFactPage(string customer, int number, IdentityFactPage page);
}
