using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Dashboard;

namespace Cdp.Silo.Observing;

/// <summary>The dashboard of Orleans, for operators, on the health port.</summary>
internal static class Dashboard
{
    /// <summary>Where its pages are.</summary>
    public const string Path = "/orleans";

    /// <summary>Puts what it needs into a silo.</summary>
    public static void AddTo(ISiloBuilder silo)
    {
        // Logs have a place already.
        silo.AddDashboard(dashboard => dashboard.HideTrace = true);

        // Not all of AddAuthentication, which keeps a ring of keys on the disk, for cookies that there are none of.
        silo.Services.AddAuthenticationCore(authentication => authentication.AddScheme<OperatorAuthentication>(OperatorAuthentication.Name, displayName: null));
        silo.Services.AddTransient<OperatorAuthentication>().AddWebEncoders().AddAuthorization();
    }

    /// <summary>Serves it to who has the operator's key; nobody else is answered anything there.</summary>
    public static void MapTo(WebApplication application)
    {
        var pages = application.MapOrleansDashboard(Path).RequireAuthorization();
        pages.MapFallback(() => Results.NotFound());

        // It would call every method without arguments of any grain that somebody names.
        application.MapGet($"{Path}/GrainState", () => Results.NotFound()).WithOrder(-1).RequireAuthorization();
    }
}
