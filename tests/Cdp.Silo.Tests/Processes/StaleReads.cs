using System.Diagnostics;
using Cdp.Client;
using Cdp.V1;
using Google.Rpc;

namespace Cdp.Silo.Tests.Processes;

/// <summary>
/// Publishes events of some customers at one place, reads the customers at another without a token, and measures by how much
/// what is read there is behind what was acknowledged.
/// </summary>
internal sealed class StaleReads(string name, Func<CdpClient> writeTo, Func<CdpClient> readFrom, int customers)
{
    private static readonly CallOptions Impatient = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly Customer[] _customers = [.. Enumerable.Range(0, customers).Select(i => new Customer($"{name}{i}@example.com"))];
    private int _answered;
    private int _refused;

    /// <summary>The longest time since the acknowledgement of an event that a read did not show.</summary>
    public TimeSpan Longest => _customers.Max(customer => customer.Longest);

    /// <summary>Reads that were answered, and reads that were not.</summary>
    public (int Answered, int Refused) Reads => (_answered, _refused);

    /// <summary>What was not counted once.</summary>
    public string? Difference { get; private set; }

    /// <summary>Makes the customers.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (var customer in _customers)
        {
            var token = await PublishAsync(customer) ?? throw new InvalidOperationException("The first event was not taken.");
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = customer.Identifier }, Purpose = "service", AfterToken = token };
            customer.Id = (await readFrom().Profiles.GetProfileAsync(read, cancellationToken: cancellationToken)).Profile.CustomerId;
        }
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_customers.SelectMany(customer => (Task[])[Task.Run(() => WriteAsync(customer), CancellationToken.None), Task.Run(() => ReadAsync(customer), CancellationToken.None)]));

        async Task WriteAsync(Customer customer)
        {
            while (!cancellationToken.IsCancellationRequested) await PublishAsync(customer);
        }

        async Task ReadAsync(Customer customer)
        {
            while (!cancellationToken.IsCancellationRequested) await CompareAsync(customer);
        }
    }

    /// <summary>
    /// After the end: publishes one more event of each customer and reads it. Whether all events were counted once; null: not
    /// everybody answered.
    /// </summary>
    public async Task<bool?> AreCountedAsync()
    {
        var counted = true;
        foreach (var customer in _customers)
        {
            if (await PublishAsync(customer) is not { } token) return null;
            try
            {
                var read = new GetProfileRequest { Customer = new CustomerRef { CustomerId = customer.Id }, Purpose = "service", AfterToken = token };
                var count = (await readFrom().Profiles.GetProfileAsync(read, Impatient, CancellationToken.None)).Profile.Activity.EventCount;
                if (count == customer.Acknowledged) continue;
                counted = false;
                Difference = $"{customer.Identifier.Value} has {count} events of {customer.Acknowledged} acknowledged";
            }
            catch (Exception e) when (e is CallException or ObjectDisposedException)
            {
                return null;
            }
        }

        return counted;
    }

    /// <summary>Publishes the customer's next event, or the one before once more where nobody knows what became of it; null: nobody knows.</summary>
    private async Task<string?> PublishAsync(Customer customer)
    {
        var made = new Event { Id = $"{customer.Identifier.Value}-{customer.Acknowledged}", Kind = EventKind.Track, Type = "Looked", Source = "stale", Channel = "web", Identifiers = { customer.Identifier } };
        try
        {
            var published = await writeTo().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, Impatient, CancellationToken.None);
            customer.Acknowledge();
            return published.Token;
        }
        catch (Exception e) when (e is CallException { StatusCode: Code.Unavailable or Code.DeadlineExceeded } or ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task CompareAsync(Customer customer)
    {
        var asked = Stopwatch.GetTimestamp();
        var expected = customer.Acknowledged;
        try
        {
            var read = new GetProfileRequest { Customer = new CustomerRef { CustomerId = customer.Id }, Purpose = "service" };
            customer.Found((await readFrom().Profiles.GetProfileAsync(read, Impatient, CancellationToken.None)).Profile.Activity.EventCount, expected, asked);
            Interlocked.Increment(ref _answered);
        }
        catch (Exception e) when (e is CallException or ObjectDisposedException)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    /// <summary>One customer: written by one, read by another.</summary>
    private sealed class Customer(string email)
    {
        private readonly List<long> _acknowledged = [];
        private readonly Lock _lock = new();

        public Identifier Identifier { get; } = new() { Namespace = "email", Value = email };

        public string Id { get; set; } = "";

        public TimeSpan Longest { get; private set; }

        public int Acknowledged
        {
            get
            {
                lock (_lock) return _acknowledged.Count;
            }
        }

        public void Acknowledge()
        {
            lock (_lock) _acknowledged.Add(Stopwatch.GetTimestamp());
        }

        /// <summary>A read that began then counted so many events, and should have counted so many at least.</summary>
        public void Found(long counted, int expected, long asked)
        {
            lock (_lock)
            {
                if (counted >= expected) return;
                var behind = Stopwatch.GetElapsedTime(_acknowledged[(int)counted], asked);
                if (behind > Longest) Longest = behind;
            }
        }
    }
}
