using System.Collections.Frozen;
using Cdp.Domain.Profiles;
using Cdp.Domain.Tenants;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Domain.Expressions;

/// <summary>Which expressions an event may change: those that read a part of the profile that the event touches.</summary>
/// <remarks>
/// A profile's maps are bounded: one that is full may drop an entry for another, and what was a count is missing then. An
/// event that touches a full map may change every expression that reads the map.
/// </remarks>
public sealed class DependencyIndex
{
    private readonly FrozenDictionary<Facet, int[]> _byFacet;
    private readonly FrozenDictionary<FacetKind, int[]> _byKind;

    /// <summary>Indexes expressions; they are told apart by their places in the list. A place may be empty.</summary>
    public DependencyIndex(IReadOnlyList<CompiledExpression?> expressions)
    {
        var pairs = expressions.SelectMany((expression, i) => (expression?.Facets ?? Enumerable.Empty<Facet>()).Select(facet => (Facet: facet, Index: i))).ToList();
        _byFacet = pairs.GroupBy(pair => pair.Facet).ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.Index).ToArray());
        _byKind = pairs.GroupBy(pair => pair.Facet.Kind).ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.Index).Distinct().ToArray());
    }

    /// <summary>Marks the expressions that an event may have changed.</summary>
    /// <param name="e">The event.</param>
    /// <param name="after">The state that absorbed it.</param>
    /// <param name="definitions">The definitions under which it was folded.</param>
    /// <param name="touched">Where to mark them.</param>
    public void Collect(in FoldEvent e, ProfileState after, Definitions definitions, ExpressionBits touched)
    {
        var facts = EventFacts.Of(e.Event, definitions);
        var role = facts.Meaning.Role;
        Add(FacetKind.Activity, touched);
        Add(FacetKind.EventType, ActivityFold.TypeName(e.Event), after.Types_.Count >= ProfileLimits.Types, touched);
        if (e.Event.Channel.Length > 0)
            Add(FacetKind.Channel, e.Event.Channel, after.Channels.Count >= ProfileLimits.Channels, touched);
        for (int i = 0; i < e.Keys.Count; i++)
            Add(FacetKind.Identifier, definitions.Namespaces.OfKey(e.Keys[i].Key).Name, after.Identifiers.Count >= ProfileLimits.Namespaces, touched);
        if (role != EventRole.None)
            Add(FacetKind.Sessions, touched);
        if (role is EventRole.Order or EventRole.Refund)
            Add(FacetKind.Trade, touched);
        if (facts.Meaning.InterestWeight > 0)
            Add(FacetKind.Interests, touched);
        if (e.Event.Traits is { } traits)
            AddTraits(traits, after.HasTraitCeiling, touched);
        if (role is EventRole.Order or EventRole.View)
            AddProducts(facts, role, ProductRows.Count(after) >= ProfileLimits.Products, touched);
    }

    private void AddTraits(FoldedTraits traits, bool isFull, ExpressionBits touched)
    {
        foreach (string name in traits.Unset)
            Add(FacetKind.Trait, name, isFull, touched);
        AddTraits(traits.Set, isFull, touched);
        AddTraits(traits.SetOnce, isFull, touched);
        AddTraits(traits.Add, isFull, touched);
    }

    private void AddTraits(RepeatedField<NamedValue> traits, bool isFull, ExpressionBits touched)
    {
        foreach (var trait in traits)
            Add(FacetKind.Trait, trait.Name, isFull, touched);
    }

    private void AddProducts(in EventFacts facts, EventRole role, bool isFull, ExpressionBits touched)
    {
        if (role == EventRole.Order)
            Add(FacetKind.Products, touched);
        if (facts.Single?.ProductId is { } single)
            Add(FacetKind.Product, single, isFull, touched);
        foreach (var item in facts.Items ?? [])
        {
            if (item.ProductId is { } id)
                Add(FacetKind.Product, id, isFull, touched);
        }
    }

    private void Add(FacetKind kind, string name, bool isFull, ExpressionBits touched)
    {
        if (isFull)
            Add(kind, touched);
        else if (_byKind.ContainsKey(kind) && _byFacet.TryGetValue(Facet.Of(kind, name), out int[]? expressions))
            Mark(expressions, touched);
    }

    private void Add(FacetKind kind, ExpressionBits touched)
    {
        if (_byKind.TryGetValue(kind, out int[]? expressions))
            Mark(expressions, touched);
    }

    private static void Mark(int[] expressions, ExpressionBits touched)
    {
        foreach (int expression in expressions)
            touched.Add(expression);
    }
}
