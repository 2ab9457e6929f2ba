using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Cdp.Gateway.Tests.Keys;

/// <summary>An issuer of OpenID Connect: a discovery document, its keys, and tokens, none of it made by the library under test.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    public const string Audience = "cdp-of-the-tests";

    private readonly WebApplication _host;
    private readonly Func<DateTimeOffset> _now;

    private TestIssuer(WebApplication host, Func<DateTimeOffset> now)
    {
        _host = host;
        _now = now;
    }

    /// <summary>What <c>iss</c> says.</summary>
    public string Url { get; private set; } = "";

    public RSA Rsa { get; private set; } = RSA.Create(2048);

    public ECDsa Ec { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Kid { get; private set; } = "first";

    /// <summary>How often the discovery document was read.</summary>
    public int Reads { get; private set; }

    public bool IsDown { get; set; }

    /// <summary>What its document says that it is; null: the truth.</summary>
    public string? ClaimsToBe { get; set; }

    public static async Task<TestIssuer> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var host = builder.Build();
        var issuer = new TestIssuer(host, time.GetUtcNow);
        host.Run(issuer.AnswerAsync);
        await host.StartAsync(TestContext.Current.CancellationToken);
        issuer.Url = host.Urls.Single();
        return issuer;
    }

    /// <summary>Signs with another key from now on.</summary>
    public void Rotate()
    {
        Rsa.Dispose();
        Rsa = RSA.Create(2048);
        Kid += "'";
    }

    /// <summary>The claims of a good token, changed.</summary>
    public Dictionary<string, object> Claims(string tenant, string[] roles, params (string Name, object? Value)[] changes)
    {
        var now = _now().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = Url, ["aud"] = Audience, ["sub"] = "somebody", ["iat"] = now, ["nbf"] = now, ["exp"] = now + 600, ["cdp_tenant"] = tenant, ["roles"] = roles,
        };
        foreach (var (name, value) in changes)
        {
            if (value is null) claims.Remove(name);
            else claims[name] = value;
        }

        return claims;
    }

    public string Token(string tenant, string role, params (string Name, object? Value)[] changes) => Sign(Claims(tenant, [$"cdp.{role}"], changes));

    public string Sign(object claims) => Sign(claims, "RS256", Kid, bytes => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public string SignEc(object claims) => Sign(claims, "ES256", "curve", bytes => Ec.SignData(bytes, HashAlgorithmName.SHA256));

    public static string Sign(object claims, string algorithm, string kid, Func<byte[], byte[]> sign)
    {
        var text = $"{Encode(new { alg = algorithm, typ = "JWT", kid })}.{Encode(claims)}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        Rsa.Dispose();
        Ec.Dispose();
    }

    private static string Encode(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));

    private Task AnswerAsync(HttpContext http)
    {
        if (IsDown)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        }

        if (http.Request.Path != "/keys")
        {
            Reads++;
            return http.Response.WriteAsJsonAsync(new { issuer = ClaimsToBe ?? Url, jwks_uri = $"{Url}/keys" });
        }

        var rsa = Rsa.ExportParameters(false);
        var point = Ec.ExportParameters(false).Q;
        return http.Response.WriteAsJsonAsync(new
        {
            keys = new object[]
            {
                new { kty = "RSA", use = "sig", kid = Kid, n = Base64Url.EncodeToString(rsa.Modulus), e = Base64Url.EncodeToString(rsa.Exponent) },
                new { kty = "EC", use = "sig", kid = "curve", crv = "P-256", x = Base64Url.EncodeToString(point.X), y = Base64Url.EncodeToString(point.Y) },
            },
        });
    }
}
