using System.Globalization;
using Cdp.Grains.Ports;
using Cdp.Silo.Hosting;
using Cdp.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

try
{
    var configuration = new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables().Build();
    var options = SiloOptions.Read(configuration);
    var key = OperatorKey.Read(Environment.GetEnvironmentVariable(OperatorKey.Variable));
    await using var application = await SiloApplication.BuildAsync(options, key, NoStepObserver.Instance);
    await application.StartAsync();
    var gateway = application.Services.GetRequiredService<GatewayHost>();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"serving on http://{gateway.EndPoint} (cluster {options.Cluster}, profile {options.Profile}, health on {application.Urls.First()}); SIGTERM stops"));
    await application.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is SettingException or StorageException)
{
    await Console.Error.WriteLineAsync($"cdp-silo: {e.Message}");
    return 1;
}
