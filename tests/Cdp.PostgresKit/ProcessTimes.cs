using System.Globalization;

namespace Cdp.PostgresKit;

/// <summary>What Linux says of one process.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Parent">The process that started it.</param>
/// <param name="Own">CPU time of its own.</param>
/// <param name="WithChildren">The same, with that of its children that have ended.</param>
internal sealed record ProcessTimes(long Id, long Parent, TimeSpan Own, TimeSpan WithChildren)
{
    /// <summary>Unit of the times in /proc: USER_HZ.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Reads it; null: the process has ended.</summary>
    /// <param name="directory">Its directory in /proc.</param>
    public static ProcessTimes? Read(string directory)
    {
        try
        {
            // Its name, which may hold anything, stands in parentheses before the numbers.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var own = Number(11) + Number(12);
            return new ProcessTimes(
                long.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), Number(1), TimeSpan.FromSeconds(own / TicksPerSecond),
                TimeSpan.FromSeconds((own + Number(13) + Number(14)) / TicksPerSecond));

            long Number(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
