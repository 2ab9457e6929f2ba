using Azure.Data.Tables;
using Cdp.Grains.Hosting;
using Cdp.Grains.Ports;
using Cdp.Orleans.Storage;
using Cdp.Storage.Keyed;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Cdp.Azure;

/// <summary>Membership and grain state in Azure Table Storage, by Orleans' own providers.</summary>
public static class AzureStores
{
    /// <summary>Name of the grain storage.</summary>
    public const string Storage = "cdp";

    /// <summary>What a table takes in one piece, less a margin: an entity has 960 KB at most.</summary>
    private const int PieceBytes = 768 * 1024;

    /// <summary>Silos find each other, and keep what grains keep, in two tables, which are made when absent.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="tables">The table service: its URI (reached with the machine's identity) or a connection string.</param>
    public static ISiloBuilder UseAzureTables(this ISiloBuilder silo, string tables)
    {
        var client = ClientOf(tables);
        silo.UseAzureStorageClustering(options => (options.TableServiceClient, options.TableName) = (client, "CdpSilos"));
        return silo.AddAzureTableGrainStorage(Storage, options =>
        {
            (options.TableServiceClient, options.TableName) = (client, "CdpState");
            options.GrainStorageSerializer = new StoredStateSerializer();
            options.DeleteStateOnClear = true;
        });
    }

    /// <summary>The stores of a silo whose state <see cref="UseAzureTables"/> keeps.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="log">The log.</param>
    public static GrainStores Of(IServiceProvider services, IEventLog log)
    {
        var states = new SplitStates(new GrainStorageStates(services.GetRequiredKeyedService<IGrainStorage>(Storage)), PieceBytes);
        return new GrainStores(log, states, new KeyedHistory(states), new KeyedCustomerIndex(states));
    }

    private static TableServiceClient ClientOf(string tables) =>
        Uri.TryCreate(tables, UriKind.Absolute, out var uri) ? new TableServiceClient(uri, MachineIdentity.Credential) : new TableServiceClient(tables);
}
