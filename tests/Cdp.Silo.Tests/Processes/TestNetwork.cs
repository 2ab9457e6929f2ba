using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cdp.Silo.Tests.Processes;

/// <summary>A machine of a <see cref="TestNetwork"/>.</summary>
/// <param name="Name">Its network namespace.</param>
/// <param name="Address">Its IPv4 address.</param>
internal sealed record TestMachine(string Name, string Address);

/// <summary>
/// Machines that one bridge joins, as network namespaces of this machine, and any two of which can be cut from one another:
/// nothing that one sends arrives at the other, and nobody is told so.
/// </summary>
internal sealed partial class TestNetwork : IAsyncDisposable
{
    private const int NetworkNamespace = 0x40000000;

    /// <summary>The address of no card. What is sent there is lost.</summary>
    private const string Nowhere = "02:00:00:00:00:fe";

    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"cdp-{Environment.ProcessId}");
    private readonly List<TestMachine> _machines = [];

    private TestNetwork()
    {
    }

    /// <summary>Where the bridge is, and where clients call from.</summary>
    private string Hub => $"{_name}-hub";

    /// <summary>Makes a network without machines; skips the test where that is not possible.</summary>
    public static async Task<TestNetwork> CreateAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Network namespaces need Linux and root.");
        Assert.SkipUnless(await TryAsync("-V") is null, "The command ip is not installed: `apt-get install iproute2`.");
        var network = new TestNetwork();
        var refusal = await TryAsync($"netns add {network.Hub}");
        Assert.SkipWhen(refusal is not null, $"There can be no network namespaces here: {refusal}");
        await IpAsync($"-n {network.Hub} link add bridge type bridge");
        await IpAsync($"-n {network.Hub} addr add 10.77.0.254/24 dev bridge");
        await IpAsync($"-n {network.Hub} link set bridge up");
        return network;
    }

    /// <summary>Adds a machine.</summary>
    public async Task<TestMachine> AddAsync()
    {
        var number = _machines.Count + 1;
        var machine = new TestMachine(string.Create(CultureInfo.InvariantCulture, $"{_name}-{number}"), string.Create(CultureInfo.InvariantCulture, $"10.77.0.{number}"));
        _machines.Add(machine);
        await IpAsync($"netns add {machine.Name}");
        await IpAsync($"-n {Hub} link add to{number} type veth peer name eth0 netns {machine.Name}");
        await IpAsync($"-n {Hub} link set to{number} master bridge up");
        await IpAsync($"-n {machine.Name} link set lo up");
        await IpAsync($"-n {machine.Name} addr add {machine.Address}/24 dev eth0");
        await IpAsync($"-n {machine.Name} link set eth0 up");
        return machine;
    }

    /// <summary>Cuts a machine from others.</summary>
    public static Task CutAsync(TestMachine one, params TestMachine[] others) => BothWaysAsync(one, others, (from, to) => $"-n {from.Name} neigh replace {to.Address} lladdr {Nowhere} nud permanent dev eth0");

    /// <summary>Ends a cut.</summary>
    public static Task JoinAsync(TestMachine one, params TestMachine[] others) => BothWaysAsync(one, others, (from, to) => $"-n {from.Name} neigh del {to.Address} dev eth0");

    /// <summary>A transport of clients that are in the network and that no cut concerns.</summary>
    public HttpMessageHandler NewHandler() => new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = OpenSocket();
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _machines) await TryAsync($"netns del {machine.Name}");
        await TryAsync($"netns del {Hub}");
    }

    private static async Task BothWaysAsync(TestMachine one, TestMachine[] others, Func<TestMachine, TestMachine, string> command)
    {
        foreach (var other in others)
        {
            await IpAsync(command(one, other));
            await IpAsync(command(other, one));
        }
    }

    private static async Task IpAsync(string arguments)
    {
        if (await TryAsync(arguments) is { } error) throw new InvalidOperationException($"ip {arguments}: {error}");
    }

    /// <summary>What went wrong; null: nothing.</summary>
    private static async Task<string?> TryAsync(string arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : error.Trim();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int kind);

    /// <summary>Makes a socket in the hub. It belongs to where the thread was that made it, and the thread ends.</summary>
    private Socket OpenSocket()
    {
        var made = new TaskCompletionSource<Socket>();
        var thread = new Thread(() =>
        {
            try
            {
                using var hub = File.OpenHandle($"/run/netns/{Hub}");
                if (setns((int)hub.DangerousGetHandle(), NetworkNamespace) != 0) throw new InvalidOperationException($"setns failed with {Marshal.GetLastPInvokeError()}.");
                made.SetResult(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            }
            catch (Exception e)
            {
                made.SetException(e);
            }
        });
        thread.Start();
        thread.Join();
        return made.Task.GetAwaiter().GetResult();
    }
}
