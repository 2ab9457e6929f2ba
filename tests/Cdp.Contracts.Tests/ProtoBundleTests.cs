using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;

namespace Cdp.Contracts.Tests;

/// <summary>The archive of the public protos, made by the command that the documents name.</summary>
public sealed class ProtoBundleTests : IDisposable
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    private readonly string _folder = Directory.CreateTempSubdirectory("cdp-protos-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_holds_every_public_proto_and_protoc_compiles_it_alone()
    {
        var bundle = await MakeAsync("once");
        var unpacked = Path.Combine(_folder, "unpacked");
        await ZipFile.ExtractToDirectoryAsync(bundle, unpacked, Cancel);

        var entries = Directory.EnumerateFiles(unpacked, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(unpacked, file).Replace('\\', '/')).Order(StringComparer.Ordinal).ToList();
        var protos = WireFacts.Files.Where(file => file.Package == "cdp.v1").Select(file => file.Name).ToList();
        Assert.NotEmpty(protos);
        Assert.Equal(["LICENSE", "README.md", "buf.yaml", .. protos], entries);

        var compiled = Path.Combine(_folder, "compiled");
        await RunAsync(Protoc(), ["-I", unpacked, $"--descriptor_set_out={compiled}", .. protos]);
        var set = FileDescriptorSet.Parser.ParseFrom(await File.ReadAllBytesAsync(compiled, Cancel));
        Assert.Equal(protos, set.File.Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_same_sources_make_the_same_bytes()
    {
        var once = await MakeAsync("once");
        var again = await MakeAsync("again");

        Assert.Equal(await File.ReadAllBytesAsync(once, Cancel), await File.ReadAllBytesAsync(again, Cancel));
        await using var zip = await ZipFile.OpenReadAsync(once, Cancel);
        Assert.Equal(zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal), zip.Entries.Select(entry => entry.FullName));
        Assert.All(zip.Entries, entry => Assert.Equal(new DateTime(1980, 1, 1, 0, 0, 0, DateTimeKind.Unspecified), entry.LastWriteTime.DateTime));
        Assert.All(zip.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
    }

    /// <summary>Makes the archive in a folder of the test's own.</summary>
    private async Task<string> MakeAsync(string name)
    {
        var folder = Path.Combine(_folder, name);
        await RunAsync("dotnet", ["build", Path.Combine(Root, "src", "Cdp.Contracts"), "-t:ProtoBundle", $"-p:ProtoBundleFolder={folder}"]);
        return Assert.Single(Directory.GetFiles(folder, "cdp-protos-*.zip"));
    }

    private static string Protoc() =>
        typeof(ProtoBundleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(fact => fact.Key == "Protoc").Value!;

    private static async Task RunAsync(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        // A builder that stays behind would hold the pipes that are read to their end here.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{program}: {await output} {await errors}");
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
