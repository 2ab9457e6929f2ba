using FsCheck;
using FsCheck.Fluent;

namespace Cdp.StorageContract;

/// <summary>Runs a property over many random runs; a failure names the seed that repeats it.</summary>
internal static class Model
{
    private const int Runs = 30;

    public static async Task CheckAsync(Func<Random, Task> run) =>
        await Task.Run(() => Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Runs),
#pragma warning disable CA5394 // A run is repeated by its seed.
            Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => run(new Random(seed)).GetAwaiter().GetResult())));
#pragma warning restore CA5394
}
