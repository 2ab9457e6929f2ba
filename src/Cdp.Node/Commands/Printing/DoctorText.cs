using System.Text;
using Cdp.V1;

namespace Cdp.Node.Commands.Printing;

/// <summary>Writes for people how a server is.</summary>
internal static class DoctorText
{
    public static string Write(CheckUpResponse response)
    {
        var text = new StringBuilder();
        foreach (var finding in response.Findings)
        {
            text.Append(Mark(finding.Severity)).Append("  ").Append(finding.Check.PadRight(12)).Append("  ").Append(finding.Message).Append('\n');
            if (finding.Remedy.Length > 0)
                text.Append("                    → ").Append(finding.Remedy).Append('\n');
        }

        var failures = response.Findings.Count(finding => finding.Severity == Severity.Failure);
        var warnings = response.Findings.Count(finding => finding.Severity == Severity.Warning);
        return text.Append(failures + warnings == 0 ? "all is well\n" : $"{ValueText.Of(failures)} wrong, {ValueText.Of(warnings)} to look at\n").ToString();
    }

    private static string Mark(Severity severity) => severity switch
    {
        Severity.Ok => "ok  ",
        Severity.Warning => "LOOK",
        Severity.Failure => "FAIL",
        _ => "?   ",
    };
}
