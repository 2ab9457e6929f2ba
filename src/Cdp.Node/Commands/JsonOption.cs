using System.CommandLine;

namespace Cdp.Node.Commands;

/// <summary>The option <c>--json</c> of whatever prints data.</summary>
internal static class JsonOption
{
    public static Option<bool> AddTo(Command command)
    {
        var option = new Option<bool>("--json") { Description = "Print JSON." };
        command.Options.Add(option);
        return option;
    }
}
