using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Rpc.Serving;

/// <summary>What the .proto files of some services declare, found by name.</summary>
internal sealed class ReflectionIndex
{
    private readonly FrozenDictionary<string, FileDescriptor> _files;
    private readonly FrozenDictionary<string, FileDescriptor> _symbols;
    private readonly FrozenSet<string> _messages;
    private readonly FrozenDictionary<(string Type, int Number), FileDescriptor> _extensions;

    /// <summary>Reads the files of services, and those that they import.</summary>
    public ReflectionIndex(IEnumerable<ServiceDescriptor> services)
    {
        var files = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        foreach (var service in services) Add(files, service.File);
        var symbols = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        foreach (var file in files.Values)
        {
            foreach (var symbol in SymbolsOf(file)) symbols.TryAdd(symbol, file);
        }

        _files = files.ToFrozenDictionary(StringComparer.Ordinal);
        _symbols = symbols.ToFrozenDictionary(StringComparer.Ordinal);
        _messages = files.Values.SelectMany(file => file.MessageTypes).SelectMany(WithNested).Select(type => type.FullName).ToFrozenSet(StringComparer.Ordinal);
        _extensions = files.Values
            .SelectMany(file => file.Extensions.UnorderedExtensions.Concat(file.MessageTypes.SelectMany(WithNested).SelectMany(type => type.Extensions.UnorderedExtensions)))
            .ToFrozenDictionary(extension => (extension.ExtendeeType.FullName, extension.FieldNumber), extension => extension.File);
    }

    /// <summary>A file by the name under which others import it, with all that it imports; null: there is none.</summary>
    public IReadOnlyList<ByteString>? File(string name) => WithImports(_files.GetValueOrDefault(name));

    /// <summary>The file that declares a symbol by its full name; null: none does.</summary>
    public IReadOnlyList<ByteString>? FileOf(string symbol) => WithImports(_symbols.GetValueOrDefault(symbol));

    /// <summary>The file that declares an extension of a message; null: none does.</summary>
    public IReadOnlyList<ByteString>? FileOf(string type, int extension) => WithImports(_extensions.GetValueOrDefault((type, extension)));

    /// <summary>The numbers of a message's extensions; null: there is no such message.</summary>
    public IReadOnlyList<int>? ExtensionsOf(string type) =>
        _messages.Contains(type) ? [.. _extensions.Keys.Where(extension => extension.Type == type).Select(extension => extension.Number).Order()] : null;

    private static void Add(Dictionary<string, FileDescriptor> files, FileDescriptor file)
    {
        if (!files.TryAdd(file.Name, file)) return;
        foreach (var imported in file.Dependencies) Add(files, imported);
    }

    private static IReadOnlyList<ByteString>? WithImports(FileDescriptor? file)
    {
        if (file is null) return null;
        var files = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        Add(files, file);
        return [.. files.Values.Select(each => each.SerializedData)];
    }

    private static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor type) => type.NestedTypes.SelectMany(WithNested).Prepend(type);

    private static IEnumerable<string> SymbolsOf(FileDescriptor file)
    {
        var types = file.MessageTypes.SelectMany(WithNested).ToList();
        var enums = file.EnumTypes.Concat(types.SelectMany(type => type.EnumTypes)).ToList();
        return
        [
            .. file.Services.Select(service => service.FullName), .. file.Services.SelectMany(service => service.Methods).Select(method => method.FullName),
            .. types.Select(type => type.FullName), .. types.SelectMany(type => type.Fields.InDeclarationOrder()).Select(field => field.FullName),
            .. types.SelectMany(type => type.Oneofs).Select(oneof => oneof.FullName), .. types.SelectMany(type => type.Extensions.UnorderedExtensions).Select(field => field.FullName),
            .. file.Extensions.UnorderedExtensions.Select(field => field.FullName), .. enums.Select(type => type.FullName),
            .. enums.SelectMany(type => type.Values.Select(value => NameOf(type, value))),
        ];
    }

    /// <summary>A value is named beside its enumeration, not within it, as in C++; the descriptor says otherwise.</summary>
    private static string NameOf(EnumDescriptor type, EnumValueDescriptor value) => $"{type.FullName[..(type.FullName.LastIndexOf('.') + 1)]}{value.Name}";
}
