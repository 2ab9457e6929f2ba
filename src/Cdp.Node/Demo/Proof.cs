using System.Globalization;

namespace Cdp.Node.Demo;

/// <summary>One check: what was compared, and the line that says how it went.</summary>
/// <param name="name">Its name, one word.</param>
internal sealed class Proof(string name)
{
    /// <summary>Mismatches that are told; more say nothing new.</summary>
    public const int MostMismatches = 3;

    private readonly List<string> _mismatches = [];
    private int _unsaid;

    public bool IsOk => _mismatches.Count == 0;

    /// <summary>Compares one figure.</summary>
    public void Equal<T>(string what, T expected, T got)
    {
        if (EqualityComparer<T>.Default.Equals(expected, got)) return;
        Fail(string.Create(CultureInfo.InvariantCulture, $"expected {what} {expected}, got {got}"));
    }

    /// <summary>Notes a mismatch, written as "expected …, got …".</summary>
    public void Fail(string mismatch)
    {
        if (_mismatches.Count < MostMismatches) _mismatches.Add(mismatch);
        else _unsaid++;
    }

    /// <summary>Notes the mismatch that sums the others up.</summary>
    public void FailFirst(string mismatch) => _mismatches.Insert(0, mismatch);

    /// <summary>The line for people and scripts.</summary>
    /// <param name="figures">What was found, said when all is well.</param>
    public string Line(string figures) => IsOk
        ? $"PROOF {name} ok {figures}"
        : $"PROOF {name} FAIL {string.Join("; ", _mismatches)}{(_unsaid > 0 ? string.Create(CultureInfo.InvariantCulture, $"; and {_unsaid:N0} more") : "")}";
}
