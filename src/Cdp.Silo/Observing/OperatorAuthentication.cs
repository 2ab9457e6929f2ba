using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Cdp.Silo.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Cdp.Silo.Observing;

/// <summary>
/// Lets in who knows the operator's key: as the password of HTTP Basic, for which a browser asks, whatever the user's name; or
/// as a Bearer token. A wrong key is answered after a second.
/// </summary>
internal sealed class OperatorAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, OperatorKey key)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string Name = "Operator";

    private const string Realm = "cdp-silo";
    private static readonly TimeSpan WrongKeyDelay = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (KeyOf(Request.Headers.Authorization) is not { } given) return AuthenticateResult.NoResult();
        if (key.Is(given)) return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(Name)), Name));
        await Task.Delay(WrongKeyDelay, TimeProvider, Context.RequestAborted);
        return AuthenticateResult.Fail("The key is not the operator's.");
    }

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = $"Basic realm=\"{Realm}\", charset=\"UTF-8\"";
        return Task.CompletedTask;
    }

    private static string? KeyOf(string? authorization) => AuthenticationHeaderValue.TryParse(authorization, out var header)
        ? header.Scheme.ToUpperInvariant() switch
        {
            "BASIC" => PasswordOf(header.Parameter),
            "BEARER" => header.Parameter,
            _ => null,
        }
        : null;

    private static string? PasswordOf(string? credentials)
    {
        var bytes = new byte[credentials?.Length ?? 0];
        return Convert.TryFromBase64String(credentials ?? "", bytes, out var length) && Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [_, var password]
            ? password
            : null;
    }
}
