using System.Globalization;
using Cdp.Client;
using Cdp.Node.Commands;
using Cdp.Storage.Postgres;
using Cdp.V1;

namespace Cdp.Node.Demo;

/// <summary>The demo from its first line to its last: a real server in a process of its own, spoken to by gRPC only.</summary>
internal sealed class DemoRun
{
    private readonly DemoOptions _options;
    private readonly TimeProvider _time;
    private readonly DemoReport _report;

    public DemoRun(DemoOptions options, TextWriter output, TimeProvider time)
    {
        _options = options;
        _time = time;
        _report = new DemoReport(output, time);
    }

    /// <summary>Runs it.</summary>
    /// <returns>The exit code: failure if any proof failed.</returns>
    /// <exception cref="CommandException">The server did not start, ended by itself or refused a call.</exception>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        using var folder = DemoFolder.Make(_options.Keep);
        if (_options.Postgres is { } postgres) await MakeTablesAsync(postgres, cancel);
        await using var server = await DemoServer.StartAsync(folder, _options.Postgres, cancel);
        try
        {
            await TellAsync(server, cancel);
        }
        catch (CallException e) when (cancel.IsCancellationRequested)
        {
            // Ctrl-C reaches the server as well: it may be the first to go.
            throw new OperationCanceledException("The demo was interrupted.", e, cancel);
        }
        catch (CallException e)
        {
            throw new CommandException($"The server refused a call: {e.Message}{(e.Reason is { } reason ? $" [{reason}]" : "")}", e);
        }

        var code = Conclude();
        if (_options.Serve) await ServeAsync(server, folder, cancel);
        return code;
    }

    private static async Task MakeTablesAsync(string postgres, CancellationToken cancel)
    {
        var database = PostgresAddress.Parse(postgres);
        if (await PostgresSchema.MigrateAsync(database, PostgresSchema.DefaultName, partitions: null, epoch: null, cancel) > 0)
            throw new CommandException($"{PostgresAddress.Show(database)} holds a store already; name an empty database with --postgres.");
    }

    private async Task TellAsync(DemoServer server, CancellationToken cancel)
    {
        var connection = await server.ConnectAsync(cancel);
        _report.Say($"A server runs as process {connection.Process.Id} on {connection.Process.Address}; everything below goes through gRPC.");
        var offers = new AnnaOffers(connection.Client, _report, _time);
        var anna = new AnnaStory(connection.Client, _report, offers, _time.GetUtcNow());
        await anna.BecomeKnownAsync(cancel);
        await anna.BeReadForTwoPurposesAsync(cancel);
        await anna.EnterAnAudienceAsync(_time, cancel);

        var (seed, scale) = (_options.Seed, _options.Scale);
        _report.Chapter(string.Create(CultureInfo.InvariantCulture, $"5. {scale.People:N0} people, and what goes wrong every day"));
        await AudienceCheck.DefineAsync(connection.Client, _report, cancel);
        await CapCheck.DefineAsync(connection.Client, cancel);
        var crowd = Crowd.Make(seed, scale);
        var factory = new EventFactory(crowd.People, new DateTimeOffset(_time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero));
        var ledger = new Ledger(crowd);
        var shipment = new Shipment(seed, scale, crowd, factory);
        var sender = await SendAsync(server, shipment, anna, offers.Receipts, cancel);
        ProveMalformed(sender);

        _report.Chapter("6. The ledger");
        _report.Say("The generator kept its own list of the truth. Now the server is asked for every single person.");
        connection = await server.ConnectAsync(cancel);
        _report.Say("First it has to have applied everything that it acknowledged ...");
        var waiting = _time.GetTimestamp();
        await LedgerCheck.WaitUntilVisibleAsync(connection.Client, sender.Tokens, new CustomerRef { Identifier = AnnaStory.Phone }, cancel);
        _report.Say($"... which it has {_time.GetElapsedTime(waiting).TotalSeconds:0.0} s after the last acknowledgement.");
        var people = new LedgerCheck(crowd, ledger, factory);
        await people.RunAsync(connection.Client, _report, scale, cancel);

        _report.Chapter("7. Audiences");
        await new AudienceCheck(ledger, _time).RunAsync(connection.Client, _report, sender.Tokens, cancel);

        _report.Chapter("8. What people like");
        await new LearningCheck(crowd, people, _time).RunAsync(connection.Client, _report, seed, cancel);

        _report.Chapter("9. How fast");
        await new LatencyCheck(crowd, ledger, people, _time).RunAsync(connection.Client, _report, seed, _options.Measuring, cancel);
    }

    private async Task<BatchSender> SendAsync(DemoServer server, Shipment shipment, AnnaStory anna, ReceiptCheck receipts, CancellationToken cancel)
    {
        var scale = _options.Scale;
        _report.Say($"{scale.Events:N0} events in {Enum.GetValues<Channel>().Length} channels, shuffled; {scale.SentTwice:N0} of them sent twice, {scale.Malformed} malformed,");
        _report.Say($"{scale.KioskLogins} people signing in at one kiosk, and a kill -9 of the server half-way through, while {CapCheck.Callers} callers ask what Anna may be offered.");
        var started = _time.GetTimestamp();
        var sender = new BatchSender(server, shipment, _time, quarter => _report.Say($"  {quarter * 25} % acknowledged after {_time.GetElapsedTime(started).TotalSeconds:0.0} s"));
        var sending = sender.RunAsync(cancel);
        await sender.HalfWay;
        var down = TimeSpan.Zero;
        if (!sending.IsCompleted) down = await KillAndRestartAsync(server, sender, anna, receipts, cancel);
        await sending;
        var elapsed = _time.GetElapsedTime(started);
        _report.Say($"{shipment.Length:N0} events sent in {elapsed.TotalSeconds:0.0} s, {down.TotalSeconds:0.0} s of them without a server: {shipment.Length / (elapsed - down).TotalSeconds:N0}/s. {sender.SentAgain} batches got no answer and were sent again.");
        return sender;
    }

    private async Task<TimeSpan> KillAndRestartAsync(DemoServer server, BatchSender sender, AnnaStory anna, ReceiptCheck receipts, CancellationToken cancel)
    {
        var cap = new CapCheck(server, AnnaStory.Identifiers);
        var asking = cap.AskAsync(cancel);
        await cap.FirstOffer;
        var acknowledged = sender.Accepted;
        var open = sender.Open;
        var killed = _time.GetTimestamp();
        await server.KillAsync();
        await server.StartAsync(cancel);
        var down = _time.GetElapsedTime(killed);
        var connection = await server.ConnectAsync(cancel);
        var restart = new Proof("kill-9");
        await anna.CheckAsync(connection.Client, restart, cancel);
        _report.Prove(restart, $"killed after {acknowledged:N0} acknowledged events with {open} batches under way; process {connection.Process.Id} serves the same data {down.TotalSeconds:0.0} s later, Anna's profile as before (what was acknowledged is counted below)");
        await receipts.RunAsync(connection.Client, _report, cancel);
        await asking;
        await cap.ReportAsync(connection.Client, _report, cancel);
        return down;
    }

    private void ProveMalformed(BatchSender sender)
    {
        var malformed = new Proof("malformed");
        foreach (var surprise in sender.Surprises) malformed.Fail(surprise);
        malformed.Equal("refused events", _options.Scale.Malformed, sender.Refusals.Values.Sum());
        _report.Prove(malformed, $"{sender.Refusals.Values.Sum()} refused one by one, the others of their batches taken in; reasons: {string.Join(", ", sender.Refusals.Keys)}");
    }

    private int Conclude()
    {
        _report.Say("");
        _report.Say(_report.Failures == 0
            ? string.Create(CultureInfo.InvariantCulture, $"All {_report.Proofs} proofs are ok, after {_report.Elapsed.TotalSeconds:0.0} s.")
            : string.Create(CultureInfo.InvariantCulture, $"{_report.Failures} of {_report.Proofs} proofs FAILED, after {_report.Elapsed.TotalSeconds:0.0} s."));
        return _report.Failures == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private async Task ServeAsync(DemoServer server, DemoFolder folder, CancellationToken cancel)
    {
        var connection = await server.ConnectAsync(cancel);
        _report.Chapter("The server stays; Ctrl-C ends it");
        _report.Say($"address   {connection.Process.Address}");
        _report.Say($"key file  {folder.KeyFile}");
        _report.Say("Try in another terminal:");
        _report.Show($"""
            alias cdp='{ServerProcess.CommandLine}'
            export CDP_URL={connection.Process.Address} CDP_KEY_FILE={folder.KeyFile}
            cdp profile cookie:annas-phone --purpose service
            cdp profile user_id:user-000001 --purpose marketing
            cdp identity user_id:anna --purpose service
            cdp events cookie:annas-phone --purpose service
            cdp decide home cookie:annas-phone --purpose service
            """);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stop = cancel.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }
}
