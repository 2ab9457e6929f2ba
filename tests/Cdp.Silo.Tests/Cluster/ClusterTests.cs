using System.Globalization;
using Cdp.Client;
using Cdp.CrashKit;
using Cdp.Domain.Audit;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.StorageContract;
using Cdp.V1;
using Orleans.Configuration;

namespace Cdp.Silo.Tests.Cluster;

/// <summary>Three silos and a gateway on each.</summary>
public sealed class ClusterTests
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_silo_acknowledged_every_silo_reads()
    {
        await using var silos = await TestSilos.StartAsync(3);
        for (var i = 0; i < 60; i++)
        {
            var made = new Event { Id = $"e{i}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
            made.Identifiers.Add(new Identifier { Namespace = "email", Value = $"somebody{i % 10}@example.com" });
            var published = await silos.NextClient().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
            var profile = (await silos.NextClient().Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile;
            Assert.Equal((i / 10) + 1, profile.Activity.EventCount);
        }

        Assert.Empty(silos.Errors);
    }

    [Fact]
    public async Task What_is_read_on_any_silo_is_written_down_in_one_chain()
    {
        await using var silos = await TestSilos.StartAsync(3);
        var made = new Event { Id = "e", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web", Identifiers = { new Identifier { Namespace = "email", Value = "somebody@example.com" } } };
        var published = await silos.NextClient().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
        var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
        for (var i = 0; i < 30; i++) await silos.NextClient().Profiles.GetProfileAsync(read, cancellationToken: Token);
        List<AuditRecord> records;
        do
        {
            // Other silos write theirs within a moment.
            records = [.. (await silos.NextClient().Audits.ListAuditRecordsAsync(new ListAuditRecordsRequest { PageSize = 1_000 }, cancellationToken: Token)).Records];
        }
        while (records.Count(record => record.Method == "Profiles/GetProfile") < 30);

        Assert.Equal(30, records.Count(record => record.Method == "Profiles/GetProfile"));
        Assert.Equal(3, records.Count(record => record.Outcome == AuditRecords.Began));
        var chain = new AuditChain();
        await foreach (var response in silos.NextClient().Audits.ReadAuditBlocksAsync(new ReadAuditBlocksRequest(), cancellationToken: Token))
        {
            foreach (var block in response.Blocks) Assert.Null(chain.Add(block.Span));
        }

        Assert.True(chain.Last > 33);
        Assert.Empty(silos.Errors);
    }

    [Fact]
    public async Task A_tenant_that_one_silo_deletes_is_gone_from_all_of_them()
    {
        var (states, histories) = (new MemoryStateStore(), new MemoryHistory());
        await using (var silos = await TestSilos.StartAsync(3, new TestSilosOptions { Stores = new GrainStores(new MemoryEventLog(8), states, histories, new MemoryCustomerIndex()) }))
        {
            await silos.NextClient().Admin.PutTenantAsync(new PutTenantRequest { Tenant = new Tenant { Id = "shop" } }, cancellationToken: Token);
            var key = (await silos.NextClient().Admin.CreateKeyAsync(new CreateKeyRequest { TenantId = "shop", Roles = { Role.Admin }, DefaultPurpose = "service" }, cancellationToken: Token)).Secret;
            using var client = silos.NextClientWith(key);
            var request = new PublishEventsRequest();
            for (var i = 0; i < 60; i++)
            {
                var made = new Event { Id = $"e{i}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
                made.Identifiers.Add(new Identifier { Namespace = "email", Value = $"somebody{i % 20}@example.com" });
                request.Events.Add(made);
            }

            var published = await client.Ingest.PublishEventsAsync(request, cancellationToken: Token);
            Assert.Equal(60, published.Accepted);

            // Before all of them are applied, not all customers are there to be deleted.
            var somebody = new CustomerRef { Identifier = request.Events[0].Identifiers[0] };
            await client.Profiles.GetProfileAsync(new GetProfileRequest { Customer = somebody, Purpose = "service", AfterToken = published.Token }, cancellationToken: Token);

            var deletion = (await silos.NextClient().Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "shop" }, cancellationToken: Token)).Deletion;

            Assert.Equal((60, 20), (deletion.Places.Single(place => place.Place == "log").Items, deletion.Places.Single(place => place.Place == "customer index").Items));
            for (var i = 0; i < 3; i++)
            {
                using var former = silos.NextClientWith(key);
                Assert.Equal("TENANT_DELETED", (await Assert.ThrowsAsync<CallException>(() => former.Admin.GetTenantAsync(new GetTenantRequest(), cancellationToken: Token))).Reason);
                Assert.Equal(deletion, (await silos.NextClient().Admin.DeleteTenantAsync(new DeleteTenantRequest { TenantId = "shop" }, cancellationToken: Token)).Deletion);
            }

            Assert.Empty(silos.Errors);
        }

        // Also not by what grains keep as they stop.
        Assert.Equal(["tenant"], states.Keys().Where(state => state.Key == "shop" || state.Key.StartsWith("shop/", StringComparison.Ordinal)).Select(state => state.Kind));
        Assert.Empty(histories.Keys("shop/"));
    }

    [Fact]
    public async Task Every_silo_knows_what_became_of_events_that_another_took_in()
    {
        await using var silos = await TestSilos.StartAsync(3);
        await silos.PartitionsAsync(2, 3, 3);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var tail = silos.NextClient().Events.TailEventsAsync(new TailEventsRequest { Purpose = "service" }, cancellationToken: end.Token).GetAsyncEnumerator(end.Token);
        Assert.True(await tail.MoveNextAsync());
        for (var i = 0; i < 40; i++)
        {
            var made = new Event { Id = $"e{i}", Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = i % 4 == 0 ? new string('c', 65) : "web" };
            made.Identifiers.Add(new Identifier { Namespace = "email", Value = $"somebody{i % 10}@example.com" });
            await silos.NextClient().Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
        }

        var seen = new Dictionary<string, TailedEvent>(StringComparer.Ordinal);
        while (seen.Count < 40 && await tail.MoveNextAsync()) seen[tail.Current.Tailed.EventId] = tail.Current.Tailed;
        foreach (var (id, tailed) in seen)
        {
            var trace = await silos.NextClient().Events.TraceEventAsync(new TraceEventRequest { EventId = id, Source = "tests", Purpose = "service" }, cancellationToken: Token);
            Assert.Equal((tailed.State, tailed.Partition, tailed.Position, tailed.CustomerId), (trace.State, trace.Partition, trace.Position, trace.CustomerId));
            Assert.Equal(int.Parse(id.AsSpan(1), CultureInfo.InvariantCulture) % 4 == 0 ? EventState.DeadLetter : EventState.Applied, trace.State);
        }

        var letters = (await silos.NextClient().Events.ListDeadLettersAsync(new ListDeadLettersRequest { WithContent = true }, cancellationToken: Token)).DeadLetters;
        Assert.Equal(10, letters.Count);
        foreach (var letter in letters) letter.Event.Channel = "web";
        var retried = await silos.NextClient().Events.RetryDeadLettersAsync(
            new RetryDeadLettersRequest { Retries = { letters.Select(letter => new DeadLetterRetry { Id = letter.Id, Repaired = letter.Event }) } }, cancellationToken: Token);
        Assert.All(retried.Results, result => Assert.True(result.Accepted));
        var counted = 0L;
        for (var i = 0; i < 10; i++)
        {
            var read = new GetProfileRequest { Customer = new CustomerRef { Identifier = new Identifier { Namespace = "email", Value = $"somebody{i}@example.com" } }, Purpose = "service", AfterToken = retried.Token };
            counted += (await silos.NextClient().Profiles.GetProfileAsync(read, cancellationToken: Token)).Profile.Activity.EventCount;
        }

        Assert.Equal(40, counted);
        await end.CancelAsync();
        Assert.Empty(silos.Errors);
    }

    [Fact]
    public async Task Who_watches_while_partitions_move_sees_each_event_or_hears_that_it_missed_it()
    {
        await using var silos = await TestSilos.StartAsync(1);
        await silos.PartitionsAsync(8);
        var client = silos.NextClient();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var tail = client.Events.TailEventsAsync(new TailEventsRequest { Purpose = "service" }, cancellationToken: end.Token).GetAsyncEnumerator(end.Token);
        Assert.True(await tail.MoveNextAsync());
        var published = 0;
        var (seen, missed) = (new HashSet<string>(StringComparer.Ordinal), 0L);
        await PublishSomeAsync();
        await silos.StartOneAsync();
        var moved = silos.PartitionsAsync(4, 4);
        while (!moved.IsCompleted) await PublishSomeAsync();
        await moved;
        while (seen.Count + missed < published)
        {
            if (await NextAsync() is { } tailed) seen.Add(tailed.EventId);
        }

        await end.CancelAsync();
        Assert.Empty(silos.Errors);

        async Task PublishSomeAsync()
        {
            for (var i = 0; i < 8; i++) await PublishAsync(client, $"somebody{published++}@example.com");
        }

        async Task<TailedEvent?> NextAsync()
        {
            Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), Token));
            missed = tail.Current.Missed;
            return tail.Current.Tailed;
        }
    }

    [Fact]
    public async Task A_silo_that_comes_takes_its_share_of_the_partitions_and_one_that_goes_leaves_it_to_the_others()
    {
        await using var silos = await TestSilos.StartAsync(1);
        await silos.PartitionsAsync(8);
        await silos.StartOneAsync();
        await silos.PartitionsAsync(4, 4);
        var third = await silos.StartOneAsync();
        await silos.PartitionsAsync(2, 3, 3);
        await silos.StopAsync(third);
        await silos.PartitionsAsync(4, 4);
        Assert.Empty(silos.Errors);
    }

    /// <summary>Orleans moves a grain when its calls have ended; that of a reader who waits may last as long as the reader does.</summary>
    [Fact]
    public async Task Partitions_move_though_readers_wait_for_them_and_readers_hear_of_where_they_are_then()
    {
        var log = new WithholdingLog(new MemoryEventLog(8)) { Withholds = true };
        await using var silos = await TestSilos.StartAsync(1, new TestSilosOptions
        {
            Stores = new GrainStores(log, new MemoryStateStore(), new MemoryHistory(), new MemoryCustomerIndex()),
        });
        await silos.PartitionsAsync(8);
        var client = silos.NextClient();
        var reading = new List<Task<GetProfileResponse>>();
        for (var i = 0; i < 100; i++) reading.Add(client.Profiles.GetProfileAsync(await PublishAsync(client, $"somebody{i}@example.com"), cancellationToken: Token));

        await silos.StartOneAsync();
        await silos.PartitionsAsync(4, 4);
        Assert.DoesNotContain(reading, one => one.IsCompleted);
        log.Withholds = false;

        foreach (var one in reading) Assert.Equal(1, (await silos.ExplainAsync(one)).Profile.Activity.EventCount);
    }

    [Fact]
    public async Task A_reader_waits_for_a_token_longer_than_a_call_between_silos_may_last()
    {
        var history = new MemoryHistory();
        await using var silos = await TestSilos.StartAsync(2, new TestSilosOptions
        {
            Stores = new GrainStores(new MemoryEventLog(8), new MemoryStateStore(), history, new MemoryCustomerIndex()),
            Configure = silo => silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = CallLimit),
        });
        history.Broken = true;
        var read = await PublishAsync(silos.NextClient(), "somebody@example.com");
        var reads = silos.Silos.Select(silo => silos.ClientOf(silo).Profiles.GetProfileAsync(read, cancellationToken: Token)).ToList();
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < 3 * CallLimit) await Task.Delay(50, Token);
        Assert.DoesNotContain(reads, one => one.IsCompleted);

        history.Broken = false;

        foreach (var one in reads) Assert.Equal(1, (await one).Profile.Activity.EventCount);
    }

    [Fact]
    public async Task Silos_that_are_killed_under_load_lose_nothing_and_count_nothing_twice()
    {
        await using var silos = await TestSilos.StartAsync(3);
        var run = new CrashRun("", seed: 11);
        var (comparison, failed) = await silos.ExplainAsync(run.OutlastAsync(
            silos.NextClient,
            async () =>
            {
                await silos.KillAsync(silos.Silos[1]);
                await silos.StartOneAsync();
            },
            outages: 10, Token));
        Assert.True(comparison.IsClean, $"{comparison}\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Events > 100, $"Only {comparison.Events} events were compared.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{comparison}; {failed} calls failed");
    }

    /// <summary>Publishes an event of somebody; reads somebody once it is applied.</summary>
    private static async Task<GetProfileRequest> PublishAsync(CdpClient client, string email)
    {
        var made = new Event { Id = email, Kind = EventKind.Track, Type = "Visit", Source = "tests", Channel = "web" };
        made.Identifiers.Add(new Identifier { Namespace = "email", Value = email });
        var published = await client.Ingest.PublishEventsAsync(new PublishEventsRequest { Events = { made } }, cancellationToken: Token);
        return new GetProfileRequest { Customer = new CustomerRef { Identifier = made.Identifiers[0] }, Purpose = "service", AfterToken = published.Token };
    }

    /// <summary>A log that takes everything and, while it withholds, has nothing for readers.</summary>
    private sealed class WithholdingLog(IEventLog inner) : IEventLog
    {
        public bool Withholds { get; set; }

        public int Partitions => inner.Partitions;

        public string Epoch => inner.Epoch;

        public ValueTask<long> AppendAsync(int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) => inner.AppendAsync(partition, records, cancellationToken);

        public ValueTask<IReadOnlyList<PositionedRecord>> ReadAsync(int partition, long from, int maxBytes, CancellationToken cancellationToken) =>
            Withholds ? new([]) : inner.ReadAsync(partition, from, maxBytes, cancellationToken);

        public ValueTask<IReadOnlyList<LogRecord?>> ReadManyAsync(IReadOnlyList<(int Partition, long Position)> positions, CancellationToken cancellationToken) =>
            inner.ReadManyAsync(positions, cancellationToken);

        public ValueTask<long> EndAsync(int partition, CancellationToken cancellationToken) => inner.EndAsync(partition, cancellationToken);

        public ValueTask<bool> BlankAsync(int partition, long position, ReadOnlyMemory<byte> remainder, CancellationToken cancellationToken) =>
            inner.BlankAsync(partition, position, remainder, cancellationToken);
    }
}
