using System.Globalization;
using Cdp.Storage.Sqlite.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args is [AppendingChild.Command, var directory, var count, var writers, var memtable]
    ? await AppendingChild.RunAsync(directory, Number(count), Number(writers), Number(memtable))
    : await ConsoleRunner.Run(args);

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
