namespace Cdp.Bench.Cluster.Silos;

/// <summary>What the silos of a cluster did, up to a moment or between two.</summary>
/// <param name="Silos">Each of them, always in the same order.</param>
internal sealed record Work(IReadOnlyList<Work.OfSilo> Silos)
{
    /// <summary>What one silo did.</summary>
    /// <param name="Cpu">CPU time that it used.</param>
    /// <param name="Counters">What Orleans counted.</param>
    internal sealed record OfSilo(TimeSpan Cpu, SiloCounters Counters);
    /// <summary>CPU time of all.</summary>
    public TimeSpan Cpu => TimeSpan.FromMicroseconds(Silos.Sum(silo => silo.Cpu.TotalMicroseconds));

    /// <summary>Messages between silos.</summary>
    public long Messages => Silos.Sum(silo => silo.Counters.Messages);

    /// <summary>Bytes between silos.</summary>
    public long Bytes => Silos.Sum(silo => silo.Counters.Bytes);

    /// <summary>Share of calls that stayed on their silo, 0 to 1.</summary>
    public double Local => (double)Silos.Sum(silo => silo.Counters.Stayed) / Silos.Sum(silo => silo.Counters.Stayed + silo.Counters.Left);

    /// <summary>Calls that the busiest silo's grains answered, by the mean.</summary>
    public double CallSpread => Spread(silo => silo.Counters.Answered);

    /// <summary>CPU time of the busiest silo, by the mean.</summary>
    public double CpuSpread => Spread(silo => silo.Cpu.TotalMicroseconds);

    public static Work operator +(Work a, Work b) => a.Combine(b, 1);

    public static Work operator -(Work later, Work earlier) => later.Combine(earlier, -1);

    private Work Combine(Work other, int sign) => new([.. Silos.Zip(other.Silos, (a, b) => new OfSilo(a.Cpu + (sign * b.Cpu), SiloCounters.Combine(a.Counters, b.Counters, sign)))]);

    private double Spread(Func<OfSilo, double> figure) => Silos.Max(figure) / Silos.Average(figure);
}
