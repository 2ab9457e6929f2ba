using System.Net.Sockets;
using Cdp.Grains;
using Cdp.Grains.Identities;
using Cdp.Grains.Ports;
using Cdp.Orleans.Hosting;
using Cdp.V1;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Cdp.Orleans.Tests.Messages;

/// <summary>Protobuf messages through Orleans' serializer.</summary>
public sealed class MessageCodecTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().AddPlainMessages().BuildServiceProvider();

    private Serializer Serializer => _services.GetRequiredService<Serializer>();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2_040)]
    [InlineData(2_048)]
    [InlineData(5_000)]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public void A_message_of_any_size_arrives_as_it_was_sent(int size)
    {
        var sent = new Event { Id = new string('x', size) };
        Assert.Equal(sent, Serializer.Deserialize<Event>(Serializer.SerializeToArray(sent)));
        Assert.Equal(sent, Serializer.Deserialize<object>(Serializer.SerializeToArray<object>(sent)));
    }

    [Fact]
    public void Messages_within_others_values_arrive_too_and_one_sent_twice_is_one()
    {
        var sent = new Identifier { Namespace = "email", Value = "a@example.com" };
        var (first, second, nothing) = Serializer.Deserialize<(Identifier, Identifier, Identifier?)>(Serializer.SerializeToArray<(Identifier, Identifier, Identifier?)>((sent, sent, null)));
        Assert.Equal(sent, first);
        Assert.Same(first, second);
        Assert.Null(nothing);
    }

    [Fact]
    public void Within_a_silo_a_message_is_handed_over_as_it_is()
    {
        var sent = new Event { Id = "1" };
        Assert.Same(sent, _services.GetRequiredService<DeepCopier>().Copy(sent));
    }

    /// <summary>Who calls a grain of another silo catches what one of its own catches.</summary>
    [Fact]
    public void Errors_of_any_type_arrive_as_what_they_are_with_what_caused_them()
    {
        Exception[] errors =
        [
            new OwnershipLostException("shop/c1"),
            new GrainUnavailableException("The silo is stopping."),
            new IdentityRecordException("Lost.", new InvalidDataException("Short.")),
            new IOException("The server is away.", new DriverException("Connection refused.", new SocketException(111))),
            new TaskCanceledException("Enough."),
        ];
        foreach (var error in errors)
        {
            var arrived = Serializer.Deserialize<Exception>(Serializer.SerializeToArray(error));
            for (Exception? sent = error, got = arrived; sent is not null; (sent, got) = (sent.InnerException, got!.InnerException))
                Assert.Equal((sent.GetType(), sent.Message), (got?.GetType(), got?.Message));
        }
    }

    public void Dispose() => _services.Dispose();

    private sealed class DriverException(string message, Exception inner) : Exception(message, inner);
}
