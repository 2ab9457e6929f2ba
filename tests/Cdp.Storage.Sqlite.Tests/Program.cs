using System.Globalization;
using Cdp.Storage.Sqlite.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args switch
{
    [AppendingChild.Command, var directory, var count, var writers, var memtable] => await AppendingChild.RunAsync(directory, Number(count), Number(writers), Number(memtable)),
    [MovingChild.Command, var directory] => await MovingChild.RunAsync(directory),
    _ => await ConsoleRunner.Run(args),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
