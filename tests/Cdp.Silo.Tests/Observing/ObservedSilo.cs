using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Cdp.CrashKit;
using Cdp.Silo.Tests.Processes;
using Cdp.V1;

namespace Cdp.Silo.Tests.Observing;

/// <summary>A silo with five customers, and what a browser or script sees of it.</summary>
public sealed class ObservedSilo : IAsyncLifetime
{
    /// <summary>Who has events.</summary>
    public const int Customers = 5;

    /// <summary>How long anything may take.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private LocalSilo? _silo;

    /// <summary>Where its pages are.</summary>
    public Uri Health => Silo.Health;

    /// <summary>Ids of its customers.</summary>
    public IReadOnlyList<string> CustomerIds { get; private set; } = [];

    private LocalSilo Silo => _silo ?? throw new InvalidOperationException("Not started.");

    /// <summary>How a script gives a key.</summary>
    public static AuthenticationHeaderValue Bearer(string key) => new("Bearer", key);

    /// <summary>How a browser gives it.</summary>
    public static AuthenticationHeaderValue Basic(string user, string key) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{key}")));

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _silo = await LocalSilo.StartAsync();
        var publish = new PublishEventsRequest();
        for (var i = 0; i < Customers; i++) publish.Events.Add(LocalSilo.EventOf(i, 0));
        var published = await Silo.Client.Ingest.PublishEventsAsync(publish);
        var ids = new List<string>();
        for (var i = 0; i < Customers; i++)
        {
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = publish.Events[i].Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
            ids.Add((await Silo.Client.Profiles.GetProfileAsync(read)).Profile.CustomerId);
        }

        CustomerIds = ids;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_silo is not null) await _silo.DisposeAsync();
    }

    /// <summary>Asks for a page.</summary>
    public async Task<HttpResponseMessage> GetAsync(string path, AuthenticationHeaderValue? authorization)
    {
        using var http = new HttpClient { BaseAddress = Health };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = authorization;
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The text of a page that the operator may see.</summary>
    public async Task<string> ReadAsync(string path)
    {
        using var answer = await GetAsync(path, Basic("operator", CdpProcess.OperatorKey));
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Reads a page until it shows something.</summary>
    public async Task<string> ReadUntilAsync(string path, Func<string, bool> shows)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var deadline = DateTime.UtcNow + Limit;
        while (true)
        {
            var text = await ReadAsync(path);
            if (shows(text)) return text;
            if (DateTime.UtcNow > deadline) throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{path} shows after {Limit}: {text}\n{Silo.Output}"));
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
