using System.Net;
using System.Text;
using Cdp.Client;
using Cdp.Rpc.Tests.Harness;
using Cdp.Rpc.Tests.Protos;

namespace Cdp.Rpc.Tests;

/// <summary>Both ports with TLS, and certificates that are renewed while the server runs.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly RecordingLogger _log = new();
    private RpcServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _certificates.Issue(11);
        var options = new RpcServerOptions
        {
            ErrorDomain = "probe", HttpPort = 0, Certificate = new CertificateFiles(_certificates.Certificate, _certificates.Key), LoggerFactory = _log,
        };
        _server = await RpcServer.StartAsync(options, [new ProbeService().Bind()], Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Calls_of_grpc_and_json_are_answered()
    {
        using var channel = new RpcChannel(new Uri($"https://127.0.0.1:{_server.Port}"), new RpcChannelOptions { Handler = _certificates.Trusting() });
        Assert.Equal(($"https://127.0.0.1:{_server.Port}/", $"https://{_server.HttpEndPoint}/"), (_server.Url.ToString(), _server.HttpUrl!.ToString()));
        Assert.Equal(7, (await channel.UnaryAsync(ProbeMethods.Echo, new Payload { Number = 7 }, cancellationToken: Cancel)).Number);

        using var http = new HttpClient(_certificates.Trusting());
        using var body = new StringContent("""{"number":"7"}""", Encoding.UTF8, "application/json");
        using var reply = await http.PostAsync(new Uri($"https://{_server.HttpEndPoint}/probe.v1.Probe/Echo"), body, Cancel);
        Assert.Equal("""{ "number": "7" }""", await reply.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Who_does_not_trust_the_certificate_is_not_served_nor_is_clear_text()
    {
        foreach (var address in (string[])[$"https://{_server.HttpEndPoint}/readyz", $"http://{_server.HttpEndPoint}/readyz"])
        {
            using var http = new HttpClient();
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(address), Cancel));
        }

        Assert.Equal(11, await SerialAsync());
    }

    [Fact]
    public async Task A_renewed_certificate_serves_the_next_connection_and_those_that_are_there_stay()
    {
        using var kept = new HttpClient(_certificates.Trusting());
        Assert.Equal("ready", await kept.GetStringAsync(new Uri($"https://{_server.HttpEndPoint}/readyz"), Cancel));

        _certificates.Issue(12);

        Assert.Equal(12, await SerialAsync());
        Assert.Equal("ready", await kept.GetStringAsync(new Uri($"https://{_server.HttpEndPoint}/readyz"), Cancel));
        Assert.Empty(Rejected());
    }

    [Fact]
    public async Task Files_that_cannot_be_used_are_reported_once_and_the_former_certificate_serves_on()
    {
        var key = await File.ReadAllTextAsync(_certificates.Key, Cancel);
        _certificates.Issue(12);
        await File.WriteAllTextAsync(_certificates.Key, key, Cancel);
        Assert.Equal(11, await SerialAsync());
        Assert.Equal(11, await SerialAsync());
        Assert.Single(Rejected());

        File.Delete(_certificates.Certificate);
        Assert.Equal(11, await SerialAsync());
        Assert.Equal(11, await SerialAsync());
        Assert.Equal(2, Rejected().Count());

        _certificates.Issue(13);
        Assert.Equal(13, await SerialAsync());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("no certificate", "no key")]
    [InlineData(null, null)]
    public void Files_that_cannot_be_used_at_the_start_are_named(string? certificate, string? key)
    {
        File.Delete(_certificates.Certificate);
        if (certificate is not null) File.WriteAllText(_certificates.Certificate, certificate);
        if (key is not null) File.WriteAllText(_certificates.Key, key);

        var error = Assert.Throws<IOException>(() => new CertificateFiles(_certificates.Certificate, _certificates.Key));

        Assert.StartsWith($"The certificate {_certificates.Certificate} with the key {_certificates.Key} cannot be used: ", error.Message, StringComparison.Ordinal);
    }

    private IEnumerable<string> Rejected() => _log.Entries.Select(entry => entry.Text).Where(text => text.StartsWith("The files of the certificate", StringComparison.Ordinal));

    /// <summary>The serial number of the certificate that a new connection is shown.</summary>
    private async Task<int> SerialAsync()
    {
        var serial = 0;
        using var http = new HttpClient(_certificates.Trusting(seen => serial = seen));
        using var reply = await http.GetAsync(new Uri($"https://{_server.HttpEndPoint}/readyz"), Cancel);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return serial;
    }
}
