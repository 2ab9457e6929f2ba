using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cdp.CrashKit;
using Cdp.Node.Hosting;

namespace Cdp.Node.Tests.Running;

/// <summary>A node that is given a certificate.</summary>
public sealed class NodeTlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_is_called_by_https_also_by_the_command_line()
    {
        var (certificate, key) = Issue();
        var settings = new Dictionary<string, string> { ["Cdp__TlsCertificate"] = certificate, ["Cdp__TlsKey"] = key };
        await using var node = CdpProcess.Serve(_folder.File("data"), settings: settings);
        var address = await node.Address ?? throw new InvalidOperationException(node.Output);
        Assert.Equal(("https", "https"), (address.Scheme, node.HttpAddress!.Scheme));

        await using var trusting = Keys(address, ("SSL_CERT_FILE", certificate));
        await using var distrusting = Keys(address);

        Assert.Equal(0, await trusting.WaitAsync(Cancel));
        Assert.Contains("ADMIN", trusting.Printed, StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(0, await distrusting.WaitAsync(Cancel));
        Assert.Contains("certificate", distrusting.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Files_that_cannot_be_used_stop_the_start_with_one_line()
    {
        var (certificate, _) = Issue();
        var settings = new Dictionary<string, string> { ["Cdp__TlsCertificate"] = certificate, ["Cdp__TlsKey"] = _folder.File("missing.key") };
        await using var node = CdpProcess.Serve(_folder.File("data"), settings: settings);

        Assert.NotEqual(0, await node.WaitAsync(Cancel));
        Assert.StartsWith($"cdp: The certificate {certificate} with the key", node.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', node.Errors);
    }

    [Fact]
    public void One_file_without_the_other_is_refused_and_the_other_named()
    {
        Assert.Contains("Cdp__TlsKey", Assert.Throws<SettingException>(() => new NodeOptions { TlsCertificate = "a" }.Checked()).Message, StringComparison.Ordinal);
        Assert.Contains("Cdp__TlsCertificate", Assert.Throws<SettingException>(() => new NodeOptions { TlsKey = "a" }.Checked()).Message, StringComparison.Ordinal);
    }

    private static CdpProcess Keys(Uri address, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string> { ["CDP_URL"] = address.GetLeftPart(UriPartial.Authority), ["CDP_KEY"] = CdpProcess.OperatorKey };
        foreach (var (name, value) in more) environment[name] = value;
        return CdpProcess.Start(["keys", "list"], new CdpProcessOptions { Environment = environment });
    }

    private (string Certificate, string Key) Issue()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2120, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var files = (_folder.File("tls.crt"), _folder.File("tls.key"));
        File.WriteAllText(files.Item1, issued.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
