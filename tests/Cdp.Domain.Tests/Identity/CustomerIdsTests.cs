using Cdp.Domain.Identity;
using FsCheck;
using FsCheck.Fluent;

namespace Cdp.Domain.Tests.Identity;

public sealed class CustomerIdsTests
{
    private readonly CustomerIds _ids = new(new byte[32]);

    [Fact]
    public void An_id_is_made_again_from_its_bits() => Prop.ForAll<long>(sequence =>
    {
        var id = _ids.Make(sequence);
        return CustomerIds.TryPack(id, out var bits) && CustomerIds.Unpack(bits) == id;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bits_are_those_of_their_id() => Prop.ForAll<ulong, ulong>((upper, lower) =>
        CustomerIds.TryPack(CustomerIds.Unpack(new UInt128(upper, lower)), out var bits) && bits == new UInt128(upper, lower)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("winner")]
    [InlineData("d00000000000000000000000000")]
    [InlineData("c80000000000000000000000000")]
    [InlineData("c0000000000000000000000000")]
    [InlineData("c000000000000000000000000000")]
    [InlineData("c0000000000000000000000000l")]
    [InlineData("c0000000000000000000000000A")]
    [InlineData("c0000000000000000000000000ä")]
    [InlineData("c0000000000000000000000000€")]
    public void What_is_no_id_has_no_bits(string text) => Assert.False(CustomerIds.TryPack(text, out _));
}
