using Cdp.CrashKit;
using Microsoft.Playwright;

namespace Cdp.Node.Tests.QuickStarts;

/// <summary>Every quick-start, by the command that the README names, against a real server.</summary>
public sealed class QuickStartTests(QuickStartServer server) : IClassFixture<QuickStartServer>
{
    private static readonly string[] Story =
    [
        "published   2 events", "recognised  customer c", "offered     quick_start_trial, shown as trial-banner", "outcome     accepted, and credited", "refused     ",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("curl", "erased      receipt ")]
    [InlineData("python", "consent     marketing by e-mail is allowed")]
    [InlineData("node", "consent     marketing by e-mail is allowed")]
    [InlineData("csharp", "consent     marketing by e-mail is allowed")]
    public async Task It_tells_the_whole_story_twice(string name, string end)
    {
        var command = await CommandAsync(name);
        for (var run = 0; run < 2; run++)
        {
            var (exitCode, output, errors) = await server.RunAsync(command);

            Assert.True(exitCode == 0, $"{output}\n{errors}");
            AssertStory(output, end, traces: name == "curl");
        }
    }

    [Theory]
    [InlineData("curl")]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("csharp")]
    public async Task It_ends_with_an_error_where_an_answer_is_not_as_expected(string name)
    {
        var (exitCode, output, errors) = await server.RunAsync(await CommandAsync(name), "no-key-of-the-server");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("This API key does not exist", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("All as expected.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_tells_it_in_a_browser()
    {
        Browser.SkipUnlessInstalled();
        using var pages = server.Start($"{await CommandAsync("web")} 0");
        try
        {
            const string Open = "Open ";
            var line = await pages.StandardOutput.ReadLineAsync(Cancel);
            Assert.True(line?.StartsWith(Open, StringComparison.Ordinal), line ?? await pages.StandardError.ReadToEndAsync(Cancel));
            await using var browser = await Browser.LaunchAsync();
            var page = await browser.NewPageAsync();
            await page.GotoAsync(line![Open.Length..]);

            // An unknown key has no tenant that could allow a page to read the answer.
            Assert.Contains("Failed: No answer that this page may read.", await RunAsync(page, "no-key-of-the-server"), StringComparison.Ordinal);
            for (var run = 0; run < 2; run++) AssertStory(await RunAsync(page, CdpProcess.OperatorKey), "consent     marketing by e-mail is allowed");
        }
        finally
        {
            pages.Kill(entireProcessTree: true);
        }
    }

    [Theory]
    [InlineData("curl")]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("csharp")]
    [InlineData("web")]
    public async Task Its_readme_names_the_same_command(string name) =>
        Assert.Contains($"`{QuickStartServer.Command(name)}`", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "samples", "quick-starts", "README.md"), Cancel), StringComparison.Ordinal);

    private static async Task<string> RunAsync(IPage page, string key)
    {
        var button = page.GetByRole(AriaRole.Button);
        await page.GetByLabel("Key").FillAsync(key);
        await button.ClickAsync();
        await Assertions.Expect(button).ToBeEnabledAsync(new LocatorAssertionsToBeEnabledOptions { Timeout = 60_000 });
        return await page.GetByRole(AriaRole.Log).InnerTextAsync();
    }

    private static void AssertStory(string output, string end, bool traces = false)
    {
        string[] expected = [.. Story[..2], .. traces ? ["traced      visit-"] : Array.Empty<string>(), .. Story[2..], end, "All as expected."];
        var told = output.Split('\n').SkipWhile(line => !line.StartsWith(expected[0], StringComparison.Ordinal)).Take(expected.Length).ToList();
        Assert.True(told.Count == expected.Length, output);
        Assert.All(expected.Zip(told), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    /// <summary>The README's command; skips the test where a tool is missing.</summary>
    private static async Task<string> CommandAsync(string name)
    {
        var command = QuickStartServer.Command(name);
        switch (name)
        {
            case "curl":
                Assert.SkipUnless(await Programs.TryRunAsync("curl", ["--version"]), "curl is not installed.");
                return command;
            case "node":
                Assert.SkipUnless(await Programs.TryRunAsync("npm", ["--version"]), "npm is not installed.");
                Assert.SkipUnless(Directory.Exists(Path.Combine(Repository.Root, "samples", "quick-starts", "node", "node_modules")), "@grpc/grpc-js is not installed: run `npm ci` in samples/quick-starts/node.");
                return command;
            case "web":
                Assert.SkipUnless(await Programs.TryRunAsync("python3", ["--version"]), "python3 is not installed.");
                return command;
            case "python":
                var python = await Programs.FindPythonAsync();
                Assert.SkipWhen(python is null, "No python3 with grpcio and protobuf: install python3-grpcio and python3-protobuf, or set CDP_PYTHON.");
                Assert.SkipUnless(
                    await Programs.TryRunAsync(python!, ["-c", "import grpc_tools"]) || (await Programs.TryRunAsync("protoc", ["--version"]) && await Programs.TryRunAsync("which", ["grpc_python_plugin"])),
                    "No compiler of protos: install protobuf-compiler and protobuf-compiler-grpc.");
                return command.Replace("python3", python, StringComparison.Ordinal);
            default:
                return command;
        }
    }
}
