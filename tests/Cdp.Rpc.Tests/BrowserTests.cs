using System.Net;
using Cdp.Node.Tests;
using Cdp.Rpc.Tests.Harness;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Cdp.Rpc.Tests;

/// <summary>@connectrpc/connect-web in a real browser, on pages from elsewhere.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Key = "ours";
    private const int Checks = 14;

    private static readonly string Bundle = Path.Combine(Path.GetTempPath(), $"cdp-connect-web-{Environment.ProcessId}.js");

    private readonly TestOrigins _origins = new();
    private ProbeServer _server = null!;
    private WebApplication? _pages;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = new ProbeServer { Origins = _origins, Gate = TestOrigins.GateAsync };
        await _server.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_pages is not null) await _pages.DisposeAsync();
        await _server.DisposeAsync();
        File.Delete(Bundle);
    }

    [Fact]
    public async Task A_page_that_the_tenant_allows_calls_streams_and_reads_errors()
    {
        var origin = await ServePageAsync();
        _origins.Allowed[origin] = Key;

        var (lines, console) = await RunAsync(origin, refused: false);

        Assert.All(lines, line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Equal(Checks, lines.Length);
        Assert.DoesNotContain(console, text => text.Contains("CORS", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("theirs")]
    public async Task A_page_that_nobody_or_only_another_allows_is_refused_by_the_browser(string? allowing)
    {
        var origin = await ServePageAsync();
        if (allowing is not null) _origins.Allowed[origin] = allowing;

        var (lines, console) = await RunAsync(origin, refused: true);

        Assert.All(lines, line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Equal(4, lines.Length);
        Assert.Contains(console, text => text.Contains("blocked by CORS policy", StringComparison.Ordinal));
    }

    private async Task<(string[] Lines, List<string> Console)> RunAsync(string origin, bool refused)
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.NewPageAsync();
        var console = new List<string>();
        page.Console += (_, message) => console.Add(message.Text);
        await page.GotoAsync(origin);
        var options = new { url = _server.HttpAddress.GetLeftPart(UriPartial.Authority), key = Key, descriptors = Convert.ToBase64String(Foreign.Descriptors().ToByteArray()), refused };
        var lines = await page.EvaluateAsync<string[]>("options => check(options)", options);
        return (lines, console);
    }

    /// <summary>Serves a page with the client in it; returns its origin.</summary>
    private async Task<string> ServePageAsync()
    {
        var folder = Foreign.Folder("node");
        Browser.SkipUnlessInstalled();
        Assert.SkipUnless(((string[])["@connectrpc/connect-web", "esbuild"]).All(name => Directory.Exists(Path.Combine(folder, "node_modules", name))), "@connectrpc/connect-web and esbuild are not installed: run `npm ci` in Foreign/node.");
        Assert.SkipUnless(await Programs.TryRunAsync("node", ["--version"]), "node is not installed.");
        var (exitCode, _, errors) = await Programs.RunAsync("node", [Path.Combine(folder, "bundle.mjs"), Bundle]);
        Assert.True(exitCode == 0, errors);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _pages = builder.Build();
        _pages.Run(async context =>
        {
            var isScript = context.Request.Path == "/client.js";
            context.Response.ContentType = isScript ? "text/javascript" : "text/html";
            await (isScript ? context.Response.SendFileAsync(Bundle) : context.Response.WriteAsync("<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>Page</title><script src=/client.js></script>"));
        });
        await _pages.StartAsync(Cancel);
        return Assert.Single(_pages.Urls);
    }
}
