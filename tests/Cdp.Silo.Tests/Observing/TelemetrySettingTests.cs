using Cdp.Silo.Observing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Cdp.Silo.Tests.Observing;

/// <summary>Whether a silo sends anything.</summary>
public sealed class TelemetrySettingTests
{
    [Theory]
    [InlineData("", false)]
    [InlineData("http://collector:4317", true)]
    public void It_does_only_where_a_receiver_is_named(string receiver, bool expected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration[Telemetry.EndpointVariable] = receiver;
        builder.Host.UseOrleans(silo => Telemetry.AddTo(builder, silo, "cdp"));
        Assert.Equal((expected, expected), (Has<MeterProvider>(), Has<TracerProvider>()));

        bool Has<TService>() => builder.Services.Any(service => service.ServiceType == typeof(TService));
    }
}
