using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cdp.Node.Tests;
using Cdp.Silo.Hosting;
using Microsoft.Extensions.Configuration;

namespace Cdp.Silo.Tests.Deployment;

/// <summary>What stands in infra/, compiled and worked out by the compiler of Bicep itself.</summary>
public sealed partial class AzureTests(AzureDeployment azure) : IClassFixture<AzureDeployment>
{
    /// <summary>Roles by their ids, which are the same in every subscription.</summary>
    private static readonly Dictionary<string, string> Roles = new(StringComparer.Ordinal)
    {
        ["7f951dda-4ed3-4680-a7ca-43fe172d538d"] = "AcrPull",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["2b629674-e913-4c01-ae53-ef4638d8f975"] = "Azure Event Hubs Data Sender",
        ["a638d3c7-ab3a-418d-83e6-5f17a39d4fde"] = "Azure Event Hubs Data Receiver",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    private JsonNode Container => Assert.Single(azure.The("Microsoft.App/containerApps")["template"]!["containers"]!.AsArray())!;

    private JsonNode Scale => azure.The("Microsoft.App/containerApps")["template"]!["scale"]!;

    private JsonNode Configuration => azure.The("Microsoft.App/containerApps")["configuration"]!;

    private ILookup<string, JsonNode> Variables => Container["env"]!.AsArray().ToLookup(variable => Text(variable!["name"]), variable => variable!, StringComparer.Ordinal);

    [Fact]
    public void The_compiler_has_nothing_to_say()
    {
        AzureDeployment.Require();
        Assert.Equal("", azure.Diagnostics);
    }

    [Fact]
    public void Every_file_is_a_part_of_what_is_deployed()
    {
        AzureDeployment.Require();
        var folder = Path.Combine(Repository.Root, "infra");
        var sources = Directory.EnumerateFiles(folder, "*.bicep*", SearchOption.AllDirectories).ToList();
        var named = sources.SelectMany(File.ReadLines).SelectMany(line => Source().Matches(line)).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        string[] roots = ["main.bicep", "silo.bicepparam"];
        Assert.Equal(sources.Select(path => Path.GetFileName(path)).Except(roots).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_parameter_is_described()
    {
        AzureDeployment.Require();
        var parameters = Templates().SelectMany(template => template["parameters"]?.AsObject() ?? []).ToList();
        Assert.NotEmpty(parameters);
        Assert.Empty(parameters.Where(parameter => parameter.Value!["metadata"]?["description"] is null).Select(parameter => parameter.Key));
    }

    [Fact]
    public void What_azd_can_be_told_stands_in_the_document()
    {
        AzureDeployment.Require();
        var folder = Path.Combine(Repository.Root, "infra");
        var optional = OptionalVariable().Matches(File.ReadAllText(Path.Combine(folder, "silo.bicepparam"))).Select(match => match.Groups["name"].Value);
        var told = azure.Variables.Values.Concat(optional).Where(name => name.StartsWith("CDP_", StringComparison.Ordinal));
        var described = DocumentedVariable().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "azure.md"))).Select(match => match.Groups["name"].Value);
        Assert.Equal(told.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_silo_starts_with_the_settings_it_gets()
    {
        AzureDeployment.Require();
        var options = Options();
        Assert.Equal(SiloProfile.Azure, options.Profile);
        Assert.All(SiloOptions.NeededBy(SiloProfile.Azure), name => Assert.Single(Variables[$"Cdp__{name}"]));
        Assert.Equal("output-CDP_EVENT_HUBS output-CDP_EVENT_HUB output-CDP_CONSUMER_GROUP", $"{options.EventHubs} {options.EventHub} {options.ConsumerGroup}");
        Assert.Equal("output-CDP_TABLES", options.Tables);
        Assert.Equal("output-CDP_IDENTITY_CLIENT_ID", Text(Assert.Single(Variables["AZURE_CLIENT_ID"])["value"]));
        Assert.Equal("0.0.0.0", options.Address);
    }

    [Fact]
    public void The_operator_s_key_comes_from_the_vault()
    {
        AzureDeployment.Require();
        var secret = Assert.Single(Configuration["secrets"]!.AsArray())!;
        Assert.Equal(Text(secret["name"]), Text(Assert.Single(Variables[OperatorKey.Variable])["secretRef"]));
        Assert.Equal(("output-CDP_ADMIN_KEY_SECRET_URI", "output-CDP_IDENTITY_ID"), (Text(secret["keyVaultUrl"]), Text(secret["identity"])));
        Assert.Null(secret["value"]);
    }

    [Fact]
    public void The_key_is_made_once_and_goes_nowhere_but_into_the_vault()
    {
        AzureDeployment.Require();
        var secure = Templates().SelectMany(template => template["parameters"]?.AsObject() ?? []).Where(parameter => Text(parameter.Value!["type"]).StartsWith("secure", StringComparison.OrdinalIgnoreCase)).ToList();
        Assert.Equal(["adminKey", "adminKey"], secure.Select(parameter => parameter.Key));
        var made = Text(Assert.Single(secure, parameter => parameter.Value!["defaultValue"] is not null).Value!["defaultValue"]);
        Assert.Equal("[format('{0}-{1}', newGuid(), newGuid())]", made);

        var kept = Assert.Single(azure.Resources, resource => resource.ToJsonString().Contains("newGuid", StringComparison.Ordinal));
        Assert.Equal(("Microsoft.KeyVault/vaults/secrets", made), (Text(kept["type"]), Text(kept["properties"]!["value"])));
        var declared = Assert.Single(Templates().SelectMany(Declared), resource => Text(resource["type"]) == "Microsoft.KeyVault/vaults/secrets");
        Assert.NotNull(declared["@options"]?["onlyIfNotExists"]);
    }

    [Fact]
    public void No_output_and_no_plain_parameter_holds_a_secret()
    {
        AzureDeployment.Require();
        string[] secrets = ["adminKey'", "ConnectionString", "InstrumentationKey", "list", "Key("];
        var outputs = Templates().SelectMany(template => template["outputs"]?.AsObject() ?? []).Select(output => Text(output.Value!["value"])).ToList();
        Assert.NotEmpty(outputs);
        Assert.DoesNotContain(outputs, value => secrets.Any(secret => value.Contains(secret, StringComparison.Ordinal)));

        // What is asked for with a function list… is a key of something.
        Assert.DoesNotMatch(@"\blist[A-Z]\w*\(", azure.Main.ToJsonString() + azure.Silo.ToJsonString());
        var plain = Templates().SelectMany(template => template["parameters"]?.AsObject() ?? []).Where(parameter => Text(parameter.Value!["type"]) == "string");
        Assert.Empty(plain.Where(parameter => Secret().IsMatch(parameter.Key) && !parameter.Key.EndsWith("Uri", StringComparison.Ordinal)).Select(parameter => parameter.Key));
        Assert.Empty(Variables.SelectMany(variable => variable).Where(variable => variable["value"] is not null && Secret().IsMatch(Text(variable["name"]))).Select(variable => Text(variable["name"])));
    }

    [Fact]
    public void Nothing_takes_a_key_where_an_identity_will_do()
    {
        AzureDeployment.Require();
        var storage = azure.The("Microsoft.Storage/storageAccounts");
        Assert.Equal((false, false), (Flag(storage["allowSharedKeyAccess"]), Flag(storage["allowBlobPublicAccess"])));
        Assert.True(Flag(azure.The("Microsoft.EventHub/namespaces")["disableLocalAuth"]));
        Assert.False(Flag(azure.The("Microsoft.ContainerRegistry/registries")["adminUserEnabled"]));
        Assert.True(Flag(azure.The("Microsoft.KeyVault/vaults")["enableRbacAuthorization"]));
        Assert.Equal("output-CDP_IDENTITY_ID", Text(Assert.Single(Configuration["registries"]!.AsArray())!["identity"]));
    }

    [Fact]
    public void The_silos_may_do_what_they_need_and_nothing_else()
    {
        AzureDeployment.Require();
        string[] expected =
        [
            "Microsoft.ContainerRegistry/registries: AcrPull",
            "Microsoft.EventHub/namespaces/eventhubs: Azure Event Hubs Data Receiver",
            "Microsoft.EventHub/namespaces/eventhubs: Azure Event Hubs Data Sender",
            "Microsoft.KeyVault/vaults/secrets: Key Vault Secrets User",
            "Microsoft.Storage/storageAccounts: Storage Table Data Contributor",
        ];
        var silos = azure.Of("Microsoft.Authorization/roleAssignments").Where(assignment => Text(assignment["properties"]!["principalId"]).StartsWith("[reference(", StringComparison.Ordinal));
        Assert.Equal(expected, silos.Select(Granted).Order(StringComparer.Ordinal));
        var others = azure.Of("Microsoft.Authorization/roleAssignments").Where(assignment => Text(assignment["properties"]!["principalId"]) == AzureDeployment.Answers["AZURE_PRINCIPAL_ID"]);
        Assert.Equal(["Microsoft.KeyVault/vaults/secrets: Key Vault Secrets User"], others.Select(Granted));
    }

    [Fact]
    public void Two_silos_are_always_there()
    {
        AzureDeployment.Require();
        Assert.Equal(2, Number(Scale["minReplicas"]));
        Assert.True(Number(Scale["maxReplicas"]) > Number(Scale["minReplicas"]));
        Assert.Equal(2, Number(azure.Silo["parameters"]!["minReplicas"]!["minValue"]));
        Assert.Equal("Single", Text(Configuration["activeRevisionsMode"]));
    }

    [Fact]
    public void Calls_and_probes_go_to_the_ports_that_the_silo_listens_on()
    {
        AzureDeployment.Require();
        var options = Options();
        var ingress = Configuration["ingress"]!;
        Assert.Equal((options.Port, "http2", true, false), (Number(ingress["targetPort"]), Text(ingress["transport"]), Flag(ingress["external"]), Flag(ingress["allowInsecure"])));
        var probes = Container["probes"]!.AsArray().ToDictionary(probe => Text(probe!["type"]), probe => $"{Number(probe!["httpGet"]!["port"])}{Text(probe["httpGet"]!["path"])}");
        Assert.Equal(3, probes.Count);
        Assert.Equal($"{options.HealthPort}/startupz", probes["Startup"]);
        Assert.Equal($"{options.HealthPort}/livez", probes["Liveness"]);
        Assert.Equal($"{options.HealthPort}/readyz", probes["Readiness"]);
    }

    [Fact]
    public void A_silo_that_stops_has_time_to_drain_and_to_hand_over()
    {
        AzureDeployment.Require();
        var grace = Number(azure.The("Microsoft.App/containerApps")["template"]!["terminationGracePeriodSeconds"]);
        Assert.InRange(grace, Options().DrainSeconds + 60, 600);
    }

    [Fact]
    public void The_event_hub_is_what_the_parameters_say()
    {
        AzureDeployment.Require();
        var hub = azure.The("Microsoft.EventHub/namespaces/eventhubs");
        Assert.Equal((16, 168), (Number(hub["partitionCount"]), Number(hub["retentionDescription"]!["retentionTimeInHours"])));
        Assert.Equal("Standard", Text(Assert.Single(azure.Of("Microsoft.EventHub/namespaces"))["sku"]!["name"]));
        Assert.EndsWith("/events/cdp", Text(Assert.Single(azure.Of("Microsoft.EventHub/namespaces/eventhubs/consumergroups"))["name"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Alerts_reach_the_operator()
    {
        AzureDeployment.Require();
        var mail = Assert.Single(azure.The("Microsoft.Insights/actionGroups")["emailReceivers"]!.AsArray())!;
        Assert.Equal(AzureDeployment.Answers["CDP_ALERT_EMAIL"], Text(mail["emailAddress"]));

        var alerts = azure.Of("Microsoft.Insights/metricAlerts").Select(alert => alert["properties"]!).ToList();
        Assert.Equal(["Availability", "Replicas", "RestartCount", "ThrottledRequests"], alerts.Select(alert => Text(alert["criteria"]!["allOf"]![0]!["metricName"])).Order(StringComparer.Ordinal));
        Assert.All(alerts, alert => Assert.Matches("actionGroupId|ACTION_GROUP_ID", Text(alert["actions"]![0]!["actionGroupId"])));
        var lag = azure.The("Microsoft.Insights/scheduledQueryRules");
        Assert.Matches("IncomingMessages.*OutgoingMessages", Text(lag["criteria"]!["allOf"]![0]!["query"]));
        Assert.Contains("actionGroupId", Text(lag["actions"]!["actionGroups"]![0]), StringComparison.Ordinal);
    }

    [Fact]
    public void Telemetry_has_somewhere_to_go()
    {
        AzureDeployment.Require();
        var environment = azure.The("Microsoft.App/managedEnvironments");
        Assert.Equal(["appInsights"], environment["openTelemetryConfiguration"]!["tracesConfiguration"]!["destinations"]!.AsArray().Select(Text));
        Assert.Equal("azure-monitor", Text(environment["appLogsConfiguration"]!["destination"]));
        Assert.Equal(2, azure.Of("Microsoft.Insights/diagnosticSettings").Count);
    }

    private static string Granted(JsonNode assignment)
    {
        var role = Text(assignment["properties"]!["roleDefinitionId"]).Split('/')[^1];
        var scope = Scope().Match(Text(assignment["id"])).Groups["scope"].Value.Split('/');

        // Provider, then type and name in turns.
        return $"{string.Join('/', scope.Where((_, index) => index == 0 || index % 2 == 1))}: {Roles[role]}";
    }

    private SiloOptions Options() => SiloOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(
        Variables.Where(variable => variable.Key.StartsWith("Cdp__", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), (string?)Text(Assert.Single(variable)["value"])))).Build());

    private IEnumerable<JsonNode> Templates() => Nested(azure.Main).Concat(Nested(azure.Silo));

    private static IEnumerable<JsonNode> Nested(JsonNode template) =>
        Declared(template).Where(resource => Text(resource["type"]) == "Microsoft.Resources/deployments").SelectMany(resource => Nested(resource["properties"]!["template"]!)).Prepend(template);

    /// <summary>The resources of a template, which are a list, or an object where one needs a name.</summary>
    private static IEnumerable<JsonNode> Declared(JsonNode template) =>
        template["resources"] is JsonArray list ? list! : template["resources"]!.AsObject().Select(resource => resource.Value!);

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static int Number(JsonNode? node) => node!.GetValue<int>();

    private static bool Flag(JsonNode? node) => node!.GetValue<bool>();

    [GeneratedRegex(@"'(\./)?(modules/)?(?<name>[a-z-]+\.bicep)'", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Source();

    [GeneratedRegex(@"readEnvironmentVariable\('(?<name>\w+)', ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex OptionalVariable();

    [GeneratedRegex(@"^\| `(?<name>CDP_\w+)` \|", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex DocumentedVariable();

    [GeneratedRegex("key|secret|password|connection", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking | RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    /// <summary>What an assignment's id says it is for, worked out or as an expression.</summary>
    [GeneratedRegex("resourceGroups/[^/]+/providers/(?<scope>[^']+?)('|/providers/Microsoft.Authorization)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Scope();
}
