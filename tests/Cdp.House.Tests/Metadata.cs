using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Cdp.House.Tests;

/// <summary>What a compiled assembly of ours refers to: types and members of others.</summary>
internal sealed class Metadata : IDisposable
{
    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    public Metadata(string project)
    {
        var assembly = project == "Cdp.Node" ? "cdp" : project;
        _file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        _reader = _file.GetMetadataReader();
    }

    /// <summary>Names of the assemblies referred to.</summary>
    public IReadOnlyList<string> Assemblies => [.. _reader.AssemblyReferences.Select(handle => Text(_reader.GetAssemblyReference(handle).Name))];

    /// <summary>Full names of the types referred to.</summary>
    public IReadOnlyList<string> Types => [.. _reader.TypeReferences.Select(NameOf)];

    /// <summary>The members referred to, as <c>Namespace.Type::Member</c>.</summary>
    public IReadOnlyList<string> Members =>
    [
        .. _reader.MemberReferences.Select(_reader.GetMemberReference)
            .Select(member => (Parent: ParentOf(member.Parent), Name: Text(member.Name)))
            .Where(member => member.Parent.Length > 0)
            .Select(member => $"{member.Parent}::{member.Name}")
            .Distinct(),
    ];

    public void Dispose() => _file.Dispose();

    private string ParentOf(EntityHandle parent) => parent.Kind switch
    {
        HandleKind.TypeReference => NameOf((TypeReferenceHandle)parent),
        HandleKind.TypeSpecification => GenericOf(_reader.GetTypeSpecification((TypeSpecificationHandle)parent)),
        _ => "",
    };

    /// <summary>The generic type of an instantiation: ELEMENT_TYPE_GENERICINST, CLASS or VALUETYPE, the type (ECMA-335 II.23.2.12).</summary>
    private string GenericOf(TypeSpecification specification)
    {
        var blob = _reader.GetBlobReader(specification.Signature);
        if (blob.ReadCompressedInteger() != 0x15) return "";
        blob.ReadCompressedInteger();
        var handle = blob.ReadTypeHandle();
        return handle.Kind == HandleKind.TypeReference ? NameOf((TypeReferenceHandle)handle) : "";
    }

    private string NameOf(TypeReferenceHandle handle)
    {
        var type = _reader.GetTypeReference(handle);
        var scope = type.ResolutionScope.Kind == HandleKind.TypeReference ? NameOf((TypeReferenceHandle)type.ResolutionScope) : Text(type.Namespace);
        return $"{scope}.{Text(type.Name)}";
    }

    private string Text(StringHandle handle) => _reader.GetString(handle);
}
