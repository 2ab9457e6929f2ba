using Cdp.Node.Import;

namespace Cdp.Node.Tests.Import;

public sealed class ProgressLineTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly SteppingTime _time = new();

    [Fact]
    public void A_terminal_shows_a_bar_with_rate_and_time_left()
    {
        var line = new ProgressLine(_output, isTerminal: true, _time);
        _time.Advance(TimeSpan.FromSeconds(10));
        line.Advanced(new ImportCounters { LinesAccepted = 20_000, LinesRejected = 5 }, 0.25);
        Assert.Equal("\r[######..................]  25%  20,005 lines, 5 rejected, 2,000/s, 30 s left", _output.ToString());
    }

    [Fact]
    public void Without_a_terminal_a_plain_line_comes_every_ten_seconds()
    {
        var line = new ProgressLine(_output, isTerminal: false, _time);
        for (var second = 1; second <= 25; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            line.Advanced(new ImportCounters { LinesAccepted = second * 100 }, second / 1000.0);
        }

        Assert.Equal(["1%, 1,000 lines, 100/s, 16:30 min left", "2%, 2,000 lines, 100/s, 16:20 min left"], Lines());
    }

    [Fact]
    public void Rate_and_time_left_of_a_continued_import_are_those_of_this_run()
    {
        var line = new ProgressLine(_output, isTerminal: false, _time);
        line.Resuming(500);
        _time.Advance(TimeSpan.FromSeconds(1));
        line.Advanced(new ImportCounters { LinesAccepted = 550 }, 0.55);
        _time.Advance(TimeSpan.FromSeconds(9));
        line.Advanced(new ImportCounters { LinesAccepted = 600 }, 0.60);
        Assert.Equal(["going on after 500 lines of an interrupted import", "60%, 600 lines, 10/s, 40 s left"], Lines());
    }

    [Fact]
    public void Data_of_unknown_length_shows_no_share_and_a_pause_names_its_cause()
    {
        var line = new ProgressLine(_output, isTerminal: false, _time);
        line.Waiting(TimeSpan.FromMilliseconds(1500), "The log is full.");
        line.Waiting(TimeSpan.FromMilliseconds(1500), "The log is full.");
        _time.Advance(TimeSpan.FromSeconds(20));
        line.Advanced(new ImportCounters { LinesAccepted = 40 }, null);
        Assert.Equal(["waiting 1.5 s: The log is full.", "40 lines, 2/s"], Lines());
    }

    public void Dispose() => _output.Dispose();

    private string[] Lines() => _output.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
