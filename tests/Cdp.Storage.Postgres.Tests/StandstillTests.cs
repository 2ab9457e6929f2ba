using System.Net;
using System.Net.Sockets;
using System.Text;
using Cdp.StorageContract;
using Npgsql;

namespace Cdp.Storage.Postgres.Tests;

/// <summary>A process that stands still, or is cut off, in the midst of a transaction, and others on the same store.</summary>
public sealed class StandstillTests(Databases databases)
{
    /// <summary>Well below the half minute after which a statement gives up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_stands_still_while_it_holds_a_partition_does_not_hold_others_up()
    {
        var options = await databases.NewStoreAsync(new() { Partitions = 1, Alone = false });
        var database = new NpgsqlConnectionStringBuilder(databases.Database);

        // The end of the partition is locked; nothing of what follows arrives.
        await using var cut = new CutBefore("UPDATE log_end", database.Port);
        database.Port = cut.Port;
        var still = await PostgresStore.OpenAsync(database.ConnectionString, options, Token);
        await using var other = await PostgresStore.OpenAsync(databases.Database, options, Token);
        var lost = still.Log.AppendAsync(0, [Bytes.Record("t", "lost")], Token).AsTask();
        await cut.Happened.WaitAsync(Patience, Token);

        Assert.Equal(0, await other.Log.AppendAsync(0, [Bytes.Record("t", "a")], Token).AsTask().WaitAsync(Patience, Token));

        // The network is back: what was under way is tried again, behind what came meanwhile.
        cut.Join();
        Assert.Equal(1, await lost.WaitAsync(Patience, Token));
        await still.DisposeAsync();
    }

    /// <summary>Hands connections on, until somebody sends a text: from then on that connection is silent in both directions.</summary>
    private sealed class CutBefore : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _stop = new();
        private readonly byte[] _text;
        private readonly int _target;
        private readonly Task _accepting;

        public CutBefore(string text, int target)
        {
            (_text, _target) = (Encoding.ASCII.GetBytes(text), target);
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public Task Happened => _happened.Task;

        public void Join() => _joined.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            Join();
            await _stop.CancelAsync();
            _listener.Dispose();
            await Task.WhenAny(_accepting);
            _stop.Dispose();
        }

        private async Task AcceptAsync()
        {
            var connections = new List<Task>();
            try
            {
                while (true) connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(connections);
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            var held = Task.CompletedTask;
            using (client)
            using (var server = new TcpClient())
            {
                await server.ConnectAsync(IPAddress.Loopback, _target);
                await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), looks: true), CopyAsync(server.GetStream(), client.GetStream(), looks: false));
            }

            async Task CopyAsync(NetworkStream from, NetworkStream to, bool looks)
            {
                var buffer = new byte[64 * 1024];
                try
                {
                    while (await from.ReadAsync(buffer, _stop.Token) is var read and > 0)
                    {
                        if (looks && buffer.AsSpan(0, read).IndexOf(_text) >= 0 && _happened.TrySetResult()) held = _joined.Task;
                        await held;
                        await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
                    }

                    await held;
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    // One of the two hung up.
                }
            }
        }
    }
}
