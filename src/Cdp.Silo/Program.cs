using System.Globalization;
using Cdp.Grains.Hosting;
using Cdp.Silo.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

try
{
    var configuration = new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables().Build();
    var options = SiloOptions.Read(configuration);
    var key = OperatorKey.Read(Environment.GetEnvironmentVariable(OperatorKey.Variable));
    var steps = CrashAt.Parse(Environment.GetEnvironmentVariable(CrashAt.Variable), wrong => new SettingException(wrong));
    await using var store = await SiloStore.OpenAsync(options, CancellationToken.None);
    await using var application = SiloApplication.Build(options, key, store, steps);

    // Health is answered from the start to the end; the door is open only while the silo is active.
    var stopping = application.Lifetime.ApplicationStopping;
    await application.StartAsync();
    var gateway = application.Services.GetRequiredService<GatewayHost>();
    await gateway.OpenAsync(stopping);
    if (gateway.HttpUrl is { } http) Console.WriteLine($"JSON over HTTP on {http}");
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"serving on {gateway.Url} (cluster {options.Cluster}, profile {options.Profile}, health on {application.Urls.First()}); SIGTERM stops"));
    await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, stopping));
    await gateway.CloseAsync();
    await application.StopAsync();
    return 0;
}
catch (Exception e) when (e is SettingException or IOException)
{
    await Console.Error.WriteLineAsync($"cdp-silo: {e.Message}");
    return 1;
}
