using Cdp.Storage.Sqlite.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args is [AppendingChild.Command, var directory, var count, var writers]
    ? await AppendingChild.RunAsync(directory, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture), int.Parse(writers, System.Globalization.CultureInfo.InvariantCulture))
    : await ConsoleRunner.Run(args);
