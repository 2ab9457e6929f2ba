using System.Runtime.CompilerServices;
using Cdp.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cdp.Contracts.Tests;

/// <summary>
/// Contracts grow by additions only. <c>baseline/</c> holds one line for every message, field, enum value and method;
/// <c>CDP_WRITE_BASELINE=1 dotnet test tests/Cdp.Contracts.Tests</c> appends what is new.
/// </summary>
public sealed class WireBaselineTests
{
    private const string WriteVariable = "CDP_WRITE_BASELINE";

    public static TheoryData<string> Packages => [.. WireFacts.Packages];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Nothing_that_others_rely_on_is_removed_renumbered_or_retyped(string package)
    {
        var broken = Baseline(package).Except(WireFacts.Of(package)).ToList();
        Assert.True(
            broken.Count == 0,
            $"""
            These facts of {package} were changed or removed; stored bytes and other people's programs rely on them:
            {string.Join('\n', broken)}
            Keep them and add a new field instead; a field no longer used stays, or its number is reserved.
            """);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_addition_stands_in_the_baseline(string package)
    {
        var baseline = Baseline(package);
        var now = WireFacts.Of(package);
        if (Environment.GetEnvironmentVariable(WriteVariable) is "1")
        {
            baseline.UnionWith(now);
            File.WriteAllText(PathOf(package), string.Concat(baseline.Select(fact => fact + "\n")));
        }

        var added = now.Except(Baseline(package)).ToList();
        Assert.True(
            added.Count == 0,
            $"""
            These facts of {package} are new:
            {string.Join('\n', added)}
            If they are meant to stay for ever, run `{WriteVariable}=1 dotnet test tests/Cdp.Contracts.Tests` and commit the baseline.
            """);
    }

    [Fact]
    public void There_is_a_baseline_for_every_package_and_no_other() =>
        Assert.Equal(WireFacts.Packages, Directory.GetFiles(Folder()).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!);

    [Fact]
    public void A_removed_renumbered_or_retyped_field_and_value_is_noticed()
    {
        Assert.Equal(["field   cdp.v1.Money 001 string currency_code"], Broken(file => Money(file).Field.RemoveAt(0)));
        Assert.Equal(["field   cdp.v1.Money 001 string currency_code"], Broken(file => Money(file).Field[0].Number = 17));
        Assert.Equal(["field   cdp.v1.Money 002 string amount"], Broken(file => Money(file).Field[1].Type = FieldDescriptorProto.Types.Type.Bytes));
        Assert.Equal(
            ["field   cdp.v1.Money 002 string amount"],
            Broken(file => Money(file).Field[1].Label = FieldDescriptorProto.Types.Label.Repeated));
        Assert.Equal(
            ["field   cdp.v1.Value 002 bool bool_value in kind"],
            Broken(file => file.MessageType.Single(m => m.Name == "Value").Field.Single(f => f.Number == 2).ClearOneofIndex()));
        Assert.Equal(["enum    cdp.v1.NullValue 000 NULL_VALUE_UNSPECIFIED"], Broken(file => file.EnumType.Single(e => e.Name == "NullValue").Value[0].Name = "NOTHING"));
        Assert.Empty(Broken(file => Money(file).Field.Add(new FieldDescriptorProto
        {
            Name = "added", Number = 18, Type = FieldDescriptorProto.Types.Type.Bool, Label = FieldDescriptorProto.Types.Label.Optional,
        })));
    }

    private static DescriptorProto Money(FileDescriptorProto file) => file.MessageType.Single(message => message.Name == "Money");

    /// <summary>What a change of values.proto breaks.</summary>
    private static IEnumerable<string> Broken(Action<FileDescriptorProto> change)
    {
        var changed = ValuesReflection.Descriptor.ToProto();
        change(changed);
        var rebuilt = FileDescriptor.BuildFromByteStrings([changed.ToByteString()]);
        return WireFacts.Of([ValuesReflection.Descriptor]).Except(WireFacts.Of(rebuilt));
    }

    private static SortedSet<string> Baseline(string package) => File.Exists(PathOf(package))
        ? new SortedSet<string>(File.ReadLines(PathOf(package)), StringComparer.Ordinal)
        : new SortedSet<string>(StringComparer.Ordinal);

    private static string PathOf(string package) => Path.Combine(Folder(), package + ".txt");

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "baseline");
}
