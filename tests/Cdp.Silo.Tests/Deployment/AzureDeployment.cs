using System.Text.Json.Nodes;
using Cdp.Node.Tests;

namespace Cdp.Silo.Tests.Deployment;

/// <summary>What <c>azd up</c> would make, worked out by the compiler of Bicep without Azure.</summary>
public sealed class AzureDeployment : IAsyncLifetime
{
    /// <summary>An answer to <c>azd up</c> for every parameter that it takes from its environment.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Answers = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["AZURE_ENV_NAME"] = "try",
        ["AZURE_LOCATION"] = "westeurope",
        ["AZURE_PRINCIPAL_ID"] = "11111111-1111-1111-1111-111111111111",
        ["CDP_ALERT_EMAIL"] = "operator@example.com",
    };

    private const string Subscription = "00000000-0000-0000-0000-000000000000";

    /// <summary>Warnings and errors of all files.</summary>
    internal string Diagnostics { get; private set; } = "";

    /// <summary>The compiled main.bicep, modules inside.</summary>
    internal JsonNode Main { get; private set; } = null!;

    /// <summary>The compiled silo.bicep, modules inside.</summary>
    internal JsonNode Silo { get; private set; } = null!;

    /// <summary>Names of the parameters that main.parameters.json gives, with the variable that each comes from.</summary>
    internal IReadOnlyDictionary<string, string> Variables { get; private set; } = null!;

    /// <summary>What both would make, their expressions worked out.</summary>
    internal IReadOnlyList<JsonNode> Resources { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Bicep.Missing is not null) return;
        var cancel = TestContext.Current.CancellationToken;
        using var work = new TemporaryFolder();
        Copy(Path.Combine(Repository.Root, "infra"), work.Path);

        // In each process the compiler unpacks its types anew, which takes two seconds: no more of them than needed.
        var given = JsonNode.Parse(File.ReadAllText(work.File("main.parameters.json")))!["parameters"]!.AsObject();
        Variables = given.ToDictionary(pair => pair.Key, pair => pair.Value!["value"]!.GetValue<string>()[2..^1], StringComparer.Ordinal);
        work.Write("main.bicepparam", "using './main.bicep'\n" + string.Concat(Variables.Where(pair => Answers.ContainsKey(pair.Value)).Select(pair => $"param {pair.Key} = '{Answers[pair.Value]}'\n")));
        Diagnostics = (await Bicep.RunAsync(work.Path, Answers, cancel, "lint", "--pattern", "**/*.bicep")).Diagnostics;
        Main = JsonNode.Parse((await Bicep.RunAsync(work.Path, Answers, cancel, "build", "main.bicep", "--stdout")).Output)!;
        await Bicep.RunAsync(work.Path, Answers, cancel, "snapshot", "main.bicepparam", "--mode", "overwrite", "--subscription-id", Subscription, "--location", "westeurope");

        // silo.bicepparam gets what azd has after `azd provision`, and nothing else.
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["AZURE_ENV_NAME"] = "try", ["SERVICE_SILO_IMAGE_NAME"] = "try.azurecr.io/silo:1" };
        foreach (var (name, _) in Main["outputs"]!.AsObject()) environment[name] = $"output-{name}";
        var built = JsonNode.Parse((await Bicep.RunAsync(work.Path, environment, cancel, "build-params", "silo.bicepparam", "--stdout")).Output)!;
        Silo = JsonNode.Parse(built["templateJson"]!.GetValue<string>())!;
        await Bicep.RunAsync(work.Path, environment, cancel, "snapshot", "silo.bicepparam", "--mode", "overwrite", "--subscription-id", Subscription, "--resource-group", "rg-try");
        Resources = [.. new[] { "main", "silo" }.SelectMany(name => JsonNode.Parse(File.ReadAllText(work.File($"{name}.snapshot.json")))!["predictedResources"]!.AsArray())!];
    }

    /// <summary>The resources of a type.</summary>
    internal IReadOnlyList<JsonNode> Of(string type) => [.. Resources.Where(resource => resource["type"]!.GetValue<string>() == type)];

    /// <summary>The properties of the one resource of a type.</summary>
    internal JsonNode The(string type) => Assert.Single(Of(type))["properties"]!;

    /// <summary>Skips the test where there is no compiler.</summary>
    internal static void Require() => Assert.SkipWhen(Bicep.Missing is not null, Bicep.Missing ?? "");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
