using Cdp.Node.Tests;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Cdp.Silo.Tests.Deployment;

/// <summary>YAML files of the repository.</summary>
internal static class Yaml
{
    /// <summary>Reads a file, what it merges in merged.</summary>
    public static Dictionary<object, object> Read(string path)
    {
        using var reader = new StreamReader(Path.Combine(Repository.Root, path));
        return new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(reader)));
    }

    /// <summary>A mapping within a mapping.</summary>
    public static Dictionary<object, object> Map(this Dictionary<object, object> map, string name) => (Dictionary<object, object>)map[name];

    /// <summary>A value within a mapping.</summary>
    public static string Text(this Dictionary<object, object> map, string name) => (string)map[name];
}
