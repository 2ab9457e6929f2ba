using System.Collections.Frozen;
using Cdp.V1;

namespace Cdp.Domain.Consent;

/// <summary>When data of a customer may be used for a purpose.</summary>
/// <param name="Id">The purpose.</param>
/// <param name="NeedsConsent">Only where the customer allows it.</param>
/// <param name="MayBeRefused">A refusal counts.</param>
/// <param name="HeedsGpc">Global Privacy Control refuses it.</param>
/// <param name="IsRestrictable">Not while the customer has the use of its data restricted (GDPR, article 18).</param>
public sealed record PurposeRule(string Id, bool NeedsConsent, bool MayBeRefused, bool HeedsGpc, bool IsRestrictable = true)
{
    /// <summary>Name of the acts about all channels, see <see cref="ConsentFold.NameOf"/>.</summary>
    internal string GeneralName { get; } = ConsentFold.NameOf(Id, string.Empty);

    /// <summary>The rule of a declared purpose.</summary>
    public static PurposeRule Of(Purpose purpose)
    {
        bool mayBeRefused = MayBeRefusedUnder(purpose.LawfulBasis);
        return new(purpose.Id, mayBeRefused && purpose.NeedsConsent, mayBeRefused, mayBeRefused && purpose.RefusedByGpc,
            purpose.LawfulBasis is not (LawfulBasis.LegalObligation or LawfulBasis.VitalInterests));
    }

    /// <summary>Whether a customer can refuse what is done on a ground: not a contract, the law or a life at stake.</summary>
    public static bool MayBeRefusedUnder(LawfulBasis basis) =>
        basis is not (LawfulBasis.Contract or LawfulBasis.LegalObligation or LawfulBasis.VitalInterests);
}

/// <summary>The rules of a tenant's purposes. Immutable.</summary>
public sealed class PurposeRules
{
    private readonly FrozenDictionary<string, PurposeRule> _rules;

    /// <summary>Compiles the purposes of a configuration; of two with one id the later counts.</summary>
    public PurposeRules(IEnumerable<Purpose> purposes)
    {
        var rules = new Dictionary<string, PurposeRule>(StringComparer.Ordinal);
        foreach (var purpose in purposes)
            rules[purpose.Id] = PurposeRule.Of(purpose);
        _rules = rules.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The rule of a purpose; null where it is not declared.</summary>
    public PurposeRule? Find(string purpose) => _rules.GetValueOrDefault(purpose);
}
