namespace Cdp.Node.Import.Mapping;

/// <summary>A mapping file that cannot be used: where it is wrong and what to do about it.</summary>
public sealed class MappingException : Exception
{
    /// <summary>Names the place and the remedy.</summary>
    /// <param name="path">JSON path of the place, from <c>$</c>.</param>
    /// <param name="problem">What is wrong there and what to write instead.</param>
    public MappingException(string path, string problem)
        : base($"{path}: {problem}")
    {
        Path = path;
    }

    /// <summary>JSON path of the place, from <c>$</c>.</summary>
    public string Path { get; }
}
