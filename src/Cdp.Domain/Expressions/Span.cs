namespace Cdp.Domain.Expressions;

/// <summary>A part of an expression's text.</summary>
/// <param name="Start">Index of its first UTF-16 code unit.</param>
/// <param name="Length">Number of code units; 0 where something is missing.</param>
public readonly record struct Span(int Start, int Length)
{
    /// <summary>Index behind its last code unit.</summary>
    public int End => Start + Length;

    /// <summary>The part from this one's start to the other's end.</summary>
    public Span To(Span last) => new(Start, last.End - Start);
}
