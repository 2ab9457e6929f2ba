using System.Globalization;
using System.Reflection;
using Cdp.V1;
using Google.Protobuf.Reflection;

namespace Cdp.Contracts.Tests;

/// <summary>What stored bytes and other people's programs rely on, one line a fact.</summary>
internal static class WireFacts
{
    /// <summary>All files of the contracts.</summary>
    public static IReadOnlyList<FileDescriptor> Files { get; } =
    [
        .. typeof(Event).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];

    /// <summary>The packages, each with a baseline of its own.</summary>
    public static IEnumerable<string> Packages => Files.Select(file => file.Package).Distinct().Order(StringComparer.Ordinal);

    /// <summary>The facts of a package, sorted.</summary>
    public static SortedSet<string> Of(string package) => Of(Files.Where(file => file.Package == package));

    /// <summary>The facts of files, sorted.</summary>
    public static SortedSet<string> Of(IEnumerable<FileDescriptor> files)
    {
        var facts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var message in file.MessageTypes) Add(facts, message);
            foreach (var type in file.EnumTypes) Add(facts, type);
            foreach (var method in file.Services.SelectMany(service => service.Methods)) facts.Add(Fact(method));
        }

        return facts;
    }

    private static void Add(SortedSet<string> facts, MessageDescriptor message)
    {
        facts.Add($"message {message.FullName}");
        foreach (var field in message.Fields.InDeclarationOrder()) facts.Add(Fact(field));
        foreach (var nested in message.NestedTypes) Add(facts, nested);
        foreach (var nested in message.EnumTypes) Add(facts, nested);
    }

    private static void Add(SortedSet<string> facts, EnumDescriptor type)
    {
        foreach (var value in type.Values)
            facts.Add(string.Create(CultureInfo.InvariantCulture, $"enum    {type.FullName} {value.Number:000} {value.Name}"));
    }

    private static string Fact(FieldDescriptor field)
    {
        var label = field.IsRepeated ? "repeated " : field.HasPresence && field.ContainingOneof is { IsSynthetic: true } ? "optional " : "";
        var oneof = field.RealContainingOneof is { } owner ? $" in {owner.Name}" : "";
        var packing = field is { IsRepeated: true, IsPacked: true } && IsPackable(field.FieldType) ? " packed" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"field   {field.ContainingType.FullName} {field.FieldNumber:000} {label}{TypeOf(field)} {field.Name}{oneof}{packing}");
    }

    private static bool IsPackable(FieldType type) =>
        type is not (FieldType.String or FieldType.Bytes or FieldType.Message or FieldType.Group);

    private static string TypeOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message or FieldType.Group => field.MessageType.FullName,
        FieldType.Enum => field.EnumType.FullName,
        var scalar => scalar.ToString().ToLowerInvariant(),
    };

    private static string Fact(MethodDescriptor method) =>
        $"rpc     {method.FullName} {Stream(method.IsClientStreaming)}{method.InputType.FullName} -> {Stream(method.IsServerStreaming)}{method.OutputType.FullName}";

    private static string Stream(bool streams) => streams ? "stream " : "";
}
