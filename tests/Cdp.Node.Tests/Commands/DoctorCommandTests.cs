using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

/// <summary><c>cdp doctor</c>.</summary>
public sealed class DoctorCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task It_says_what_is_well_and_what_is_to_be_done()
    {
        _cdp.Api.CheckUp = () => Found(Severity.Ok, Severity.Warning, Severity.Unknown);
        Assert.Equal(0, await _cdp.RunAsync("doctor"));
        Assert.Equal(
            """
            ok    check-0       message 0
            LOOK  check-1       message 1
                                → remedy 1
            ?     check-2       message 2
            0 wrong, 1 to look at

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task Its_exit_code_is_for_cron()
    {
        _cdp.Api.CheckUp = () => Found(Severity.Ok, Severity.Unknown);
        Assert.Equal(0, await _cdp.RunAsync("doctor", "--strict"));
        _cdp.Api.CheckUp = () => Found(Severity.Warning);
        Assert.Equal(0, await _cdp.RunAsync("doctor"));
        Assert.Equal(1, await _cdp.RunAsync("doctor", "--strict"));
        _cdp.Api.CheckUp = () => Found(Severity.Failure);
        Assert.Equal(1, await _cdp.RunAsync("doctor"));
    }

    [Fact]
    public async Task Quiet_it_says_only_what_is_not_well()
    {
        _cdp.Api.CheckUp = () => Found(Severity.Ok, Severity.Failure);
        Assert.Equal(1, await _cdp.RunAsync("doctor", "--quiet"));
        Assert.StartsWith("FAIL  check-1", _cdp.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_a_finding()
    {
        _cdp.Api.CheckUp = () => throw new CdpApiException(CdpStatus.Unavailable, "connection refused");
        Assert.Equal(1, await _cdp.RunAsync("doctor"));
        Assert.StartsWith("FAIL  server        It does not answer: ", _cdp.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_differs_is_a_finding()
    {
        _cdp.Api.CheckUp = () => Found(TimeSpan.FromSeconds(90), Severity.Ok);
        Assert.Equal(1, await _cdp.RunAsync("doctor", "--strict"));
        Assert.Contains("differ by 90 s", _cdp.Out, StringComparison.Ordinal);
    }

    private CheckUpResponse Found(params Severity[] severities) => Found(TimeSpan.Zero, severities);

    private CheckUpResponse Found(TimeSpan early, params Severity[] severities)
    {
        var response = new CheckUpResponse { At = new Timestamp { UnixMicros = (_cdp.Time.GetUtcNow() - early).ToUnixTimeMilliseconds() * 1_000 } };
        for (var i = 0; i < severities.Length; i++)
            response.Findings.Add(new Finding { Check = $"check-{i}", Severity = severities[i], Message = $"message {i}", Remedy = severities[i] is Severity.Warning or Severity.Failure ? $"remedy {i}" : "" });
        return response;
    }
}
