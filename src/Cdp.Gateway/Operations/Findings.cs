using Cdp.V1;
using Google.Protobuf.Collections;

namespace Cdp.Gateway.Operations;

/// <summary>What one check finds.</summary>
internal sealed class Findings(string check, RepeatedField<Finding> all)
{
    /// <summary>Those of all checks.</summary>
    public RepeatedField<Finding> All => all;

    public void Ok(string message) => Add(Severity.Ok, message, string.Empty);

    public void Unknown(string message) => Add(Severity.Unknown, message, string.Empty);

    public void Warn(string message, string remedy) => Add(Severity.Warning, message, remedy);

    public void Fail(string message, string remedy) => Add(Severity.Failure, message, remedy);

    /// <summary>A finding whose severity its measure decides; where that is well, nothing is to be done.</summary>
    public void Judge(bool isFailure, bool isWarning, string message, string remedy)
    {
        if (isFailure) Fail(message, remedy);
        else if (isWarning) Warn(message, remedy);
        else Ok(message);
    }

    private void Add(Severity severity, string message, string remedy) =>
        all.Add(new Finding { Check = check, Severity = severity, Message = message, Remedy = remedy });
}
