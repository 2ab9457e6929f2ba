using Cdp.Node.Api;
using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class BackupCommandTests : IDisposable
{
    private static readonly Backup Made = new()
    {
        Name = "nightly", CreatedAt = new Timestamp { UnixMicros = 1_290_000_000_000_000 }, TookMicros = 2_300_000, Bytes = 4_321_000, Files = 3, LogRecords = 1_204, LogEpoch = "e",
        Partitions = { new BackupPartition { Number = 0, EndPosition = 1_200 }, new BackupPartition { Number = 1, EndPosition = 4 } }, ProductVersion = "0.1.0",
    };

    private readonly CommandLine _cdp = new();

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task A_backup_is_made_and_shown()
    {
        var asked = new List<CreateBackupRequest>();
        _cdp.Api.CreateBackup = request =>
        {
            asked.Add(request);
            return new CreateBackupResponse { Backup = Made };
        };
        Assert.Equal(0, await _cdp.RunAsync("backup", "--name", "nightly"));
        Assert.Equal("nightly", Assert.Single(asked).Name);
        Assert.Equal(
            """
            backup       nightly
            begun        2010-11-17 13:20:00 +00:00
            log records  1,204
            positions    0:1200 1:4
            bytes        4,321,000
            made in 2.3 s; everything acknowledged before it began is in it

            """,
            _cdp.Out);
        Assert.Equal(0, await _cdp.RunAsync("backup", "--json"));
        Assert.Contains("\"nightly\"", _cdp.Out, StringComparison.Ordinal);
        Assert.Equal("", asked[1].Name);
    }

    [Fact]
    public async Task Backups_are_listed()
    {
        Assert.Equal(0, await _cdp.RunAsync("backup", "list"));
        Assert.Equal("no backups\n", _cdp.Out);
        _cdp.Api.Backups.Add(Made);
        Assert.Equal(0, await _cdp.RunAsync("backup", "list"));
        Assert.Equal(
            """
            backup   begun                       log records      bytes  seconds  version
            nightly  2010-11-17 13:20:00 +00:00        1,204  4,321,000      2.3  0.1.0

            """,
            _cdp.Out);
    }

    [Fact]
    public async Task A_refusal_of_the_server_is_told_with_its_reason()
    {
        _cdp.Api.CreateBackup = _ => throw new CdpApiException(CdpStatus.FailedPrecondition, "No directory of backups is configured.", "BACKUPS_OFF");
        Assert.Equal(1, await _cdp.RunAsync("backup"));
        Assert.Equal("cdp: No directory of backups is configured. [BACKUPS_OFF]\n", _cdp.Error);
    }
}
