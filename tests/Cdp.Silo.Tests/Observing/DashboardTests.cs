using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Cdp.CrashKit;
using Cdp.Silo.Tests.Processes;
using Microsoft.Playwright;

namespace Cdp.Silo.Tests.Observing;

/// <summary>Orleans' dashboard on a silo's health port.</summary>
public sealed class DashboardTests(ObservedSilo silo) : IClassFixture<ObservedSilo>
{
    private const string WrongKey = CdpProcess.OperatorKey + "x";

    private static readonly string[] Paths =
        ["/orleans", "/orleans/", "/orleans/index.min.js", "/orleans/DashboardCounters", "/orleans/Trace", "/orleans/GrainState?grainId=1&grainType=x", "/orleans/nothing/there"];

    public static TheoryData<string> Unknown =>
    [
        "", ObservedSilo.Bearer(WrongKey).ToString(), ObservedSilo.Basic("operator", WrongKey).ToString(), ObservedSilo.Basic(CdpProcess.OperatorKey, "").ToString(),
        "Basic !", "Basic", "Bearer", $"Digest {CdpProcess.OperatorKey}",
    ];

    [Theory]
    [MemberData(nameof(Unknown))]
    public async Task Nobody_is_answered_anything_without_the_operator_s_key(string authorization)
    {
        var header = authorization.Length == 0 ? null : AuthenticationHeaderValue.Parse(authorization);
        foreach (var answering in Paths.Select(path => silo.GetAsync(path, header)).ToList())
        {
            using var answer = await answering;
            Assert.Equal((HttpStatusCode.Unauthorized, "Basic"), (answer.StatusCode, Assert.Single(answer.Headers.WwwAuthenticate).Scheme));
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task With_the_key_the_operator_has_pages_scripts_and_data_however_it_is_given()
    {
        foreach (var header in (AuthenticationHeaderValue[])[ObservedSilo.Basic("operator", CdpProcess.OperatorKey), ObservedSilo.Basic("", CdpProcess.OperatorKey), ObservedSilo.Bearer(CdpProcess.OperatorKey)])
        {
            foreach (var path in (string[])["/orleans/", "/orleans/index.min.js", "/orleans/DashboardCounters"])
            {
                using var answer = await silo.GetAsync(path, header);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }
    }

    [Fact]
    public async Task It_counts_our_grains()
    {
        var text = await silo.ReadUntilAsync("/orleans/DashboardCounters", text => CountIn(text, "CustomerHost") == ObservedSilo.Customers);
        Assert.True(CountIn(text, "PartitionHost") > 0, text);
    }

    [Fact]
    public async Task Nothing_that_it_shows_names_a_customer()
    {
        var counters = await silo.ReadUntilAsync("/orleans/DashboardCounters", text => CountIn(text, "CustomerHost") == ObservedSilo.Customers);
        using var parsed = JsonDocument.Parse(counters);
        var address = parsed.RootElement.GetProperty("hosts")[0].GetProperty("siloAddress").GetString();

        // Profiling begins with the first look; then something of our grains is traced every second.
        var pages = new List<string> { counters, await silo.ReadUntilAsync("/orleans/TopGrainMethods", text => text.Contains("PartitionHost", StringComparison.Ordinal)) };
        foreach (var path in (string[])[
            "Reminders", "ClusterStats", "GrainTypes", "LifecycleStages", "GrainStats/Cdp.Orleans.Grains.CustomerHost", "GrainStats/Cdp.Orleans.Partitions.PartitionHost",
            $"HistoricalStats/{address}", $"SiloProperties/{address}", $"SiloMetadata/{address}", $"SiloStats/{address}", $"SiloCounters/{address}",
        ]) pages.Add(await silo.ReadAsync($"/orleans/{path}"));
        foreach (var page in pages)
        {
            for (var i = 0; i < ObservedSilo.Customers; i++) Assert.DoesNotContain(LocalSilo.EmailOf(i), page, StringComparison.OrdinalIgnoreCase);
            foreach (var id in silo.CustomerIds) Assert.DoesNotContain(id, page, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("/orleans/GrainState?grainId=0&grainType=Cdp.Orleans.Partitions.PartitionHost", HttpStatusCode.NotFound)]
    [InlineData("/orleans/Trace", HttpStatusCode.Forbidden)]
    public async Task States_and_logs_are_not_to_be_had(string path, HttpStatusCode expected)
    {
        using var answer = await silo.GetAsync(path, ObservedSilo.Bearer(CdpProcess.OperatorKey));
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task It_can_be_left_out()
    {
        await using var without = await LocalSilo.StartAsync(("Cdp__Dashboard", "false"));
        using var http = new HttpClient { BaseAddress = without.Health };
        http.DefaultRequestHeaders.Authorization = ObservedSilo.Bearer(CdpProcess.OperatorKey);
        using var answer = await http.GetAsync(new Uri("/orleans/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_browser_shows_our_grains()
    {
        const string Chromium = "/usr/bin/chromium";
        Assert.SkipUnless(File.Exists(Chromium), "Chromium is not installed: `apt-get install chromium`.");
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { HttpCredentials = new HttpCredentials { Username = "operator", Password = CdpProcess.OperatorKey } });
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(new Uri(silo.Health, "/orleans/#/grains").ToString());
        foreach (var (host, live) in ((string, int)[])[("CustomerHost", ObservedSilo.Customers), ("PartitionHost", 16)])
        {
            var count = page.GetByRole(AriaRole.Row).Filter(new LocatorFilterOptions { HasText = host }).GetByRole(AriaRole.Cell).Nth(2);
            await Assertions.Expect(count).ToHaveTextAsync(live.ToString(CultureInfo.InvariantCulture), new LocatorAssertionsToHaveTextOptions { Timeout = 120_000 });
        }

        TestContext.Current.AddAttachment("dashboard", await page.ScreenshotAsync(), "image/png");
        Assert.Empty(errors);
    }

    /// <summary>Live grains of a host class.</summary>
    private static int CountIn(string counters, string host)
    {
        using var parsed = JsonDocument.Parse(counters);
        return parsed.RootElement.GetProperty("simpleGrainStats").EnumerateArray()
            .Where(grain => grain.GetProperty("grainType").GetString()!.EndsWith($".{host}", StringComparison.Ordinal)).Sum(grain => grain.GetProperty("activationCount").GetInt32());
    }
}
