using Cdp.Grains.Ports;
using Cdp.Orleans.Messages;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Serializers;
using PlainType = Cdp.Grains.Ports.GrainType;

namespace Cdp.Orleans.Hosting;

/// <summary>Puts plain grains into a silo.</summary>
public static class SiloBuilderExtensions
{
    /// <summary>Hosts kinds of plain grains.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="types">Makes the kinds.</param>
    /// <param name="time">The clock of grains and of their timers.</param>
    /// <param name="hosts">Classes derived from <see cref="GrainHost{TGrain}"/>, one of each kind.</param>
    /// <param name="options">Settings.</param>
    public static ISiloBuilder AddPlainGrains(
        this ISiloBuilder silo, Func<IServiceProvider, IReadOnlyList<PlainType>> types, TimeProvider time, IReadOnlyList<Type> hosts, GrainHostingOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        var interfaces = hosts.SelectMany(host => host.GetInterfaces()).Where(one => one.IsAssignableTo(typeof(IGrainWithStringKey)) && one != typeof(IGrainWithStringKey)).ToList();
        silo.Services.AddSingleton(services => new GrainHosting(types(services), time, interfaces, options));
        silo.Services.AddSingleton<IGrains>(services => new ClusterGrains(
            services.GetRequiredService<GrainHosting>(), services.GetRequiredService<IGrainFactory>(), caller: null, isOutside: true));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, OrderlyStop>();
        silo.Services.AddKeyedSingleton(TimeProviderNames.Grains, time);
        silo.Services.AddPlainMessages();
        silo.Services.Configure<GrainCollectionOptions>(collection =>
        {
            // Residents ends what is idle; Orleans only more of it when memory presses.
            collection.CollectionAge = TimeSpan.FromDays(1);
            collection.EnableActivationSheddingOnMemoryPressure = true;
        });
        silo.Services.Configure<SiloMessagingOptions>(messaging =>
        {
            // A call that was cancelled ended or never began: its caller waits to hear which.
            messaging.WaitForCancellationAcknowledgement = true;

            // A call that meets activations which end goes on to the next, instead of failing after two.
            messaging.MaxForwardCount = 64;
        });
        return silo;
    }

    /// <summary>Lets protobuf messages cross calls, and errors of any type as what they are; for silos and for Orleans clients.</summary>
    public static IServiceCollection AddPlainMessages(this IServiceCollection services) => services
        .Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedExceptionTypeFilter = static _ => true)
        .AddSingleton<MessageCodecs>()
        .AddSingleton<ISpecializableCodec>(provider => provider.GetRequiredService<MessageCodecs>())
        .AddSingleton<IGeneralizedCopier>(provider => provider.GetRequiredService<MessageCodecs>())
        .AddSingleton<ITypeFilter>(provider => provider.GetRequiredService<MessageCodecs>());
}
