using Microsoft.Extensions.Logging;

namespace Cdp.Silo.Hosting;

/// <summary>Writes down what the silo handles by itself.</summary>
internal sealed partial class FaultLog
{
    /// <summary>Where it is written; null: nowhere yet.</summary>
    public ILogger? Logger { get; set; }

    /// <summary>A grain failed where no caller waits.</summary>
    public void Report(string kind, string during, Exception error)
    {
        if (Logger is { } logger) Failed(logger, kind, during, error);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Kind}: an error was handled ({During}).")]
    private static partial void Failed(ILogger logger, string kind, string during, Exception error);
}
