using System.Globalization;
using Cdp.Domain.Audit;
using Cdp.Domain.Events;
using Cdp.Gateway.Admin;
using Cdp.Gateway.Audit;
using Cdp.Grains;
using Cdp.Grains.Partitions;
using Cdp.Grains.Refolds;
using Cdp.Grains.V1;
using Cdp.V1;

namespace Cdp.Gateway.Operations;

/// <summary>Looks at a server as an operator would, and says what is to be done.</summary>
internal sealed class CheckUp(GatewayPorts ports, AuditTrail trail, TenantRemoval removal)
{
    private static readonly TimeSpan LagWarning = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LagFailure = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OldKey = TimeSpan.FromDays(365);
    private static readonly TimeSpan RetentionWarning = TimeSpan.FromDays(2);
    private static readonly TimeSpan BackupWarning = TimeSpan.FromHours(26);
    private static readonly TimeSpan BackupFailure = TimeSpan.FromDays(7);
    private const int ManyAdmins = 5;
    private const int LettersAtOnce = 100;
    private const int MostLetters = 1_000;

    /// <summary>Makes all checks; one that fails by itself is a finding.</summary>
    public async ValueTask<CheckUpResponse> RunAsync(CancellationToken cancellationToken)
    {
        var response = new CheckUpResponse { At = new Timestamp { UnixMicros = ports.NowMicros }, ProductVersion = ports.Facts?.Version ?? string.Empty };
        (string Check, Func<Findings, ValueTask> Look)[] checks =
        [
            ("listeners", findings => Here(LocalChecks.Listeners, findings)),
            ("tls", findings => Here(LocalChecks.Certificate, findings)),
            ("keys", findings => KeysAsync(findings, cancellationToken)),
            ("tenants", findings => TenantsAsync(findings, cancellationToken)),
            ("disk", findings => Here(LocalChecks.Disk, findings)),
            ("partitions", findings => PartitionsAsync(findings, cancellationToken)),
            ("journal", findings => Here(LocalChecks.Journal, findings)),
            ("retention", findings => RetentionAsync(findings, cancellationToken)),
            ("audit", findings => AuditAsync(findings, cancellationToken)),
            ("backups", findings => BackupsAsync(findings, cancellationToken)),
        ];
        foreach (var (check, look) in checks)
        {
            var findings = new Findings(check, response.Findings);
            try
            {
                await look(findings);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OwnershipLostException or TimeoutException)
            {
                findings.Fail($"Could not be looked at: {e.Message}", "Repeat it; the server's log says more.");
            }
        }

        return response;
    }

    private ValueTask Here(Action<Findings, IServerFacts?, DateTimeOffset> look, Findings findings)
    {
        look(findings, ports.Facts, ports.Time.GetUtcNow());
        return default;
    }

    private async ValueTask KeysAsync(Findings findings, CancellationToken cancellationToken)
    {
        var now = ports.NowMicros;
        var (live, quiet) = (0, true);
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not { } definitions) continue;
            var keys = definitions.Config.Keys.Select(stored => stored.Key).Where(key => key.RevokedAt is null && (key.ExpiresAt is null || key.ExpiresAt.UnixMicros > now)).ToList();
            live += keys.Count;
            foreach (var key in keys)
            {
                var age = TimeSpan.FromMicroseconds(now - Math.Max(key.CreatedAt?.UnixMicros ?? now, key.RotatedAt?.UnixMicros ?? 0));
                if (age <= OldKey) continue;
                quiet = false;
                findings.Warn($"{tenant}: the secret of key {key.Id} is {Ages.Of(age)} old.", $"cdp keys rotate {key.Id}");
            }

            var admins = keys.Count(key => key.Roles.Contains(Role.Admin));
            if (admins > ManyAdmins)
            {
                quiet = false;
                findings.Warn($"{tenant}: {admins} keys have the role admin.", "Give programs the roles they need; revoke what nobody uses.");
            }

            var open = keys.Count(key => key.Roles.Contains(Role.Writer) && key is { SourceBound: false, AllowedChannels.Count: 0, AllowedEventTypes.Count: 0 });
            if (open > 0)
            {
                quiet = false;
                findings.Warn($"{tenant}: {open} write keys may publish events of any source, channel and type.", "Bind each to its source: cdp keys create --role writer --source NAME --source-bound");
            }
        }

        if (quiet) findings.Ok($"{live} keys are live; none is older than a year or broader than it needs to be.");
    }

    private async ValueTask TenantsAsync(Findings findings, CancellationToken cancellationToken)
    {
        var live = 0;
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not { } definitions) continue;
            if (definitions.Config.Tenant.Deletion is not { } deletion) live++;
            else if (removal.FailureOf(tenant) is { } failure) findings.Fail($"The deletion of {tenant} stopped: {failure.Message}", $"cdp tenants delete {tenant} --yes goes on with it.");
            else findings.Unknown($"{tenant} is being deleted since {Ages.Of(TimeSpan.FromMicroseconds(ports.NowMicros - deletion.RequestedAt.UnixMicros))}.");
        }

        findings.Ok($"{live} tenants.");
    }

    private async ValueTask PartitionsAsync(Findings findings, CancellationToken cancellationToken)
    {
        var (slowest, waiting, letters) = (TimeSpan.Zero, 0L, 0L);
        for (var number = 0; number < ports.Log.Partitions; number++)
        {
            var partition = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(number));
            var status = await partition.GetStatus(new GetPartitionStatusRequest { WithOldest = true }, cancellationToken);
            letters += status.DeadLetters;
            waiting += Math.Max(0, await ports.Log.EndAsync(number, cancellationToken) - status.Applied);
            if (status.OldestReceivedAt <= 0) continue;
            var lag = TimeSpan.FromMicroseconds(Math.Max(0, ports.NowMicros - status.OldestReceivedAt));
            slowest = lag > slowest ? lag : slowest;
        }

        var message = string.Create(CultureInfo.InvariantCulture, $"{ports.Log.Partitions} partitions; {waiting:N0} events wait, the oldest for {slowest.TotalSeconds:0.0} s.");
        findings.Judge(slowest > LagFailure, slowest > LagWarning, message, "The server, its store or one customer is too slow: docs/operate.md says how to tell.");
        var dead = new Findings("dead-letters", findings.All);
        var open = letters > 0 ? await OpenLettersAsync(cancellationToken) : 0;
        var orMore = open >= MostLetters ? " or more" : "";
        if (open > 0) dead.Warn(string.Create(CultureInfo.InvariantCulture, $"{open:N0}{orMore} events count for nobody."), "cdp dead-letters list says why, retry takes them in again.");
        else dead.Ok("None.");
    }

    /// <summary>Dead letters of all tenants that were not taken in again and whose content is there; no more than enough are counted.</summary>
    private async ValueTask<int> OpenLettersAsync(CancellationToken cancellationToken)
    {
        var open = new HashSet<(string Tenant, int Partition, long Position)>();
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            for (var number = 0; number < ports.Log.Partitions; number++)
            {
                var partition = ports.Grains.Get<IPartition>(GrainCatalog.PartitionKey(number));
                var request = new ReadDeadLettersRequest { Tenant = tenant, Most = LettersAtOnce };
                while (request.From >= 0)
                {
                    var page = await Overtaken.AgainAsync(partition.ReadDeadLetters, request, cancellationToken);
                    foreach (var kept in page.Letters.Where(kept => kept is { Letter.RetriedAt: 0, Event.Erased: false })) open.Add((tenant, number, kept.Letter.Position));
                    if (open.Count >= MostLetters) return MostLetters;
                    request = new ReadDeadLettersRequest { Tenant = tenant, Most = LettersAtOnce, From = page.Next };
                }
            }
        }

        return open.Count;
    }

    private async ValueTask RetentionAsync(Findings findings, CancellationToken cancellationToken)
    {
        var (limited, oldest, quiet) = (0, TimeSpan.Zero, true);
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            if (await ports.Definitions.GetAsync(tenant, cancellationToken) is not { IsDeleted: false, Retention.ShortestMicros: not null }) continue;
            limited++;
            var ended = (await ports.Grains.Get<IRefoldSweep>(tenant).GetProgress(new SweepRequest(), cancellationToken)).ForgottenAt;
            var age = TimeSpan.FromMicroseconds(ports.NowMicros - ended);
            if (ended > 0 && age <= RetentionWarning)
            {
                oldest = age > oldest ? age : oldest;
                continue;
            }

            quiet = false;
            if (ended == 0) findings.Unknown($"{tenant}: its customers have not all been visited yet for events that were kept long enough.");
            else findings.Warn($"{tenant}: it is {Ages.Of(age)} since all customers were visited for events that were kept long enough.", "The server is too busy, or a customer fails: its log says which.");
        }

        if (limited == 0) findings.Ok("All tenants keep events for good.");
        else if (quiet) findings.Ok($"{limited} tenants keep events for a limited time; older ones were erased {Ages.Of(oldest)} ago at the latest.");
    }

    /// <summary>The last two days: the whole is for <c>cdp audit verify</c>.</summary>
    private async ValueTask AuditAsync(Findings findings, CancellationToken cancellationToken)
    {
        var (records, tenants) = (0L, 0);
        foreach (var tenant in await TenantIds.AllAsync(ports.Grains, cancellationToken))
        {
            var chain = new AuditChain();
            await foreach (var blocks in trail.BlocksAsync(tenant, UnixTime.Micros(ports.Time.GetUtcNow().AddDays(-1)), cancellationToken))
            {
                foreach (var block in blocks)
                {
                    if (chain.Add(block.Span) is not { } wrong) continue;
                    findings.Fail($"{tenant}: the audit log is not as it was written. {wrong}", "Somebody changed the store. Find out who can write to it; a backup has what was there before.");
                    return;
                }
            }

            tenants++;
            records += chain.Blocks > 0 ? chain.Last - chain.First + 1 : 0;
        }

        findings.Ok(string.Create(CultureInfo.InvariantCulture, $"{records:N0} records of {tenants} tenants since yesterday follow from each other; cdp audit verify reads all."));
    }

    private async ValueTask BackupsAsync(Findings findings, CancellationToken cancellationToken)
    {
        if (ports.Backups is not { } means)
        {
            findings.Unknown("The store has means of its own (docs/backup.md).");
            return;
        }

        if (await means.ListAsync(cancellationToken) is not { } backups)
        {
            findings.Warn("No directory of backups is configured.", "Set BackupDirectory to another disk, and run cdp backup daily: docs/backup.md.");
            return;
        }

        if (backups.Count == 0)
        {
            findings.Warn("There is none.", "cdp backup");
            return;
        }

        var age = ports.Time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddMicroseconds(backups.Max(backup => backup.CreatedAt.UnixMicros));
        var message = $"{backups.Count} backups, the newest {Ages.Of(age)} old.";
        findings.Judge(age > BackupFailure, age > BackupWarning, message, "cdp backup; and let cron call it daily.");
    }
}
