using Cdp.Node.Api;
using Cdp.Node.Import;
using Cdp.Node.Tests.Retail;
using Cdp.V1;

namespace Cdp.Node.Tests.Import;

public sealed class ResumeTests
{
    private const string Mapping = """
        { "format": "csv", "event": { "type": "Seen", "occurred_at": { "column": "at" },
          "identifiers": [{ "namespace": "user_id", "column": "user" }] } }
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task An_import_stopped_at_any_call_goes_on_to_the_same_events(int stopAtCall)
    {
        var retail = await File.ReadAllTextAsync(Repository.RetailMapping, TestContext.Current.CancellationToken);
        var csv = RetailTwin.Make(7, 100) + "\"unreadable\n";
        using var whole = new ImportRun();
        var expected = await whole.TextAsync(retail, csv);

        using var run = Resumable(batch: 10, window: 3);
        using var stop = new CancellationTokenSource();
        run.Api.BeforePublish = (call, _) => call >= stopAtCall ? stop.CancelAsync() : Task.CompletedTask;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.TextAsync(retail, csv, stop.Token));
        Assert.True(run.Api.Ids.Count < whole.Api.Ids.Count);

        run.Api.BeforePublish = (_, _) => Task.CompletedTask;
        var summary = await run.TextAsync(retail, csv);
        Assert.Equal(whole.Api.Ids, run.Api.Ids);
        Assert.Equal(expected.Counters.Lines, summary.Counters.Lines);
        Assert.Equal(expected.Counters.LinesAccepted, summary.Counters.LinesAccepted);
        Assert.Equal(expected.Counters.RejectedByReason, summary.Counters.RejectedByReason);
        Assert.Equal(whole.Rejects, run.Rejects);
        Assert.False(File.Exists(run.Checkpoint.Path));
    }

    [Fact]
    public async Task What_was_acknowledged_is_not_sent_again()
    {
        using var run = Resumable(batch: 1, window: 1);
        run.Api.BeforePublish = (call, _) => call == 3 ? throw Refused() : Task.CompletedTask;
        const string Csv = "user,at\na,2020-01-01\nb,2020-01-02\nc,2020-01-03\nd,2020-01-04\n";
        await Assert.ThrowsAsync<CdpApiException>(() => run.TextAsync(Mapping, Csv));
        Assert.Equal(2, run.Checkpoint.Read("f")!.Units);

        run.Api.BeforePublish = (_, _) => Task.CompletedTask;
        var summary = await run.TextAsync(Mapping, Csv);
        Assert.Equal(2, summary.ResumedAtLine);
        Assert.Equal(["a", "b", "c", "d"], run.Api.Received.Select(e => e.Identifiers[0].Value));
    }

    [Fact]
    public async Task Repeats_before_the_stop_count_towards_ids_after_it()
    {
        using var run = Resumable(batch: 1, window: 1);
        run.Api.BeforePublish = (call, _) => call == 3 ? throw Refused() : Task.CompletedTask;
        const string Csv = "user,at\na,2020-01-01\na,2020-01-01\na,2020-01-01\n";
        await Assert.ThrowsAsync<CdpApiException>(() => run.TextAsync(Mapping, Csv));
        run.Api.BeforePublish = (_, _) => Task.CompletedTask;
        await run.TextAsync(Mapping, Csv);
        Assert.Equal(["1", "2", "3"], run.Api.Ids.Select(id => id[^1..]));
    }

    [Fact]
    public async Task Progress_of_another_file_mapping_or_server_is_not_continued()
    {
        using var run = Resumable(batch: 1, window: 1);
        run.Api.BeforePublish = (call, _) => call == 2 ? throw Refused() : Task.CompletedTask;
        const string Csv = "user,at\na,2020-01-01\nb,2020-01-02\n";
        await Assert.ThrowsAsync<CdpApiException>(() => run.TextAsync(Mapping, Csv));
        run.Api.BeforePublish = (_, _) => Task.CompletedTask;
        run.Options = run.Options with { Fingerprint = "another" };
        var summary = await run.TextAsync(Mapping, Csv);
        Assert.Equal(0, summary.ResumedAtLine);
        Assert.Equal(["a", "a", "b"], run.Api.Received.Select(e => e.Identifiers[0].Value));
    }

    [Fact]
    public async Task Shifted_times_end_now_keep_their_distances_ids_and_shift_after_a_stop()
    {
        const string Csv = "user,at\na,2020-01-01 10:00:00\nb,2020-01-03 12:00:00\nc,2020-01-02 11:00:00\n";
        using var plain = new ImportRun();
        await plain.TextAsync(Mapping, Csv);

        using var run = Resumable(batch: 1, window: 1);
        run.Options = run.Options with { ShiftToNow = true };
        var now = run.Time.GetUtcNow();
        run.Api.BeforePublish = (call, _) => call == 2 ? throw Refused() : Task.CompletedTask;
        await Assert.ThrowsAsync<CdpApiException>(() => run.TextAsync(Mapping, Csv));
        run.Api.BeforePublish = (_, _) => Task.CompletedTask;
        run.Time.Advance(TimeSpan.FromHours(5));
        await run.TextAsync(Mapping, Csv);

        Assert.Equal(plain.Api.Ids, run.Api.Ids);
        var times = run.Api.Received.ToDictionary(e => e.Identifiers[0].Value, Time);
        Assert.Equal(now, times["b"]);
        Assert.Equal(now - TimeSpan.FromHours(50), times["a"]);
        Assert.Equal(now - TimeSpan.FromHours(25), times["c"]);
    }

    private static ImportRun Resumable(int batch, int window)
    {
        var run = new ImportRun();
        run.Options = new ImportOptions { RejectsPath = "", BatchSize = batch, Window = window, Checkpoint = run.Checkpoint, Fingerprint = "f" };
        return run;
    }

    private static CdpApiException Refused() => new(CdpStatus.PermissionDenied, "The key may not publish.");

    private static DateTimeOffset Time(Event e) => DateTimeOffset.UnixEpoch.AddTicks(e.OccurredAt.UnixMicros * TimeSpan.TicksPerMicrosecond);
}
