using System.CommandLine;

namespace Cdp.Node.Commands;

/// <summary>The option <c>--limit</c> of whatever prints a long list.</summary>
internal static class LimitOption
{
    private const int Usual = 100;

    public static Option<int> AddTo(Command command, string description)
    {
        var limit = new Option<int>("--limit") { Description = description, HelpName = "N", DefaultValueFactory = _ => Usual };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--limit must be 1 or more.");
        });
        command.Options.Add(limit);
        return limit;
    }
}
