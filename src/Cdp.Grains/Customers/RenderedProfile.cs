using Cdp.Domain.Tenants;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Customers;

/// <summary>A customer's profile as it was last read, for the next reader who asks the same before anything changes.</summary>
/// <param name="View">What it shows; a change of the tenant's configuration makes other views.</param>
/// <param name="Sequence">Number of history entries that it reflects.</param>
/// <param name="Status">STALE or OK.</param>
/// <param name="Profile">The encoded <see cref="Cdp.V1.Profile"/>.</param>
internal sealed record RenderedProfile(CompiledView View, long Sequence, ValueStatus Status, ByteString Profile)
{
    /// <summary>Larger ones are rendered anew each time: a live customer carries at most 1 KB beside its state.</summary>
    private const int MostBytes = 512;

    /// <summary>Whether it shows the same whenever it is read: interest scores decay.</summary>
    public bool MayBeKept => View.IsKept && View.Interests != FieldAccess.Visible && Profile.Length <= MostBytes;

    /// <summary>Whether it is what a read now would show.</summary>
    public bool IsOf(CompiledView view, long sequence, ValueStatus status) =>
        ReferenceEquals(View, view) && Sequence == sequence && Status == status;
}
