using IGrainContext = Orleans.Runtime.IGrainContext;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>An activation of this silo.</summary>
public interface IResident
{
    /// <summary>Its kind.</summary>
    PlainType Type { get; }

    /// <summary>When its last call began, in the clock's timestamps.</summary>
    long LastUsed { get; }

    /// <summary>Whether a call is under way.</summary>
    bool IsBusy { get; }

    /// <summary>Orleans' view of it.</summary>
    IGrainContext GrainContext { get; }
}
