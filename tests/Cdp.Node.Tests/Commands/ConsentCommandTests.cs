using Cdp.V1;

namespace Cdp.Node.Tests.Commands;

public sealed class ConsentCommandTests : IDisposable
{
    private readonly CommandLine _cdp = new();
    private readonly List<RecordConsentRequest> _recorded = [];
    private readonly List<Purpose> _put = [];

    private readonly PurposeConsent[] _consents =
    [
        new() { Purpose = "delivery", Allowed = true, State = ConsentState.Refused, LawfulBasis = LawfulBasis.Contract },
        new()
        {
            Purpose = "newsletter",
            NeedsConsent = true,
            State = ConsentState.None,
            LawfulBasis = LawfulBasis.Consent,
            Acts = { new RecordedConsent { Channel = "email", Allowed = true, State = ConsentState.Granted, At = new Timestamp { UnixMicros = 1 }, Source = "till", SaidOn = "store", Proof = "form 7" } },
        },
    ];

    public ConsentCommandTests()
    {
        _cdp.Api.Consents = _ => new GetConsentsResponse { CustomerId = "c1", Consents = { _consents } };
        _cdp.Api.RecordConsent = request =>
        {
            _recorded.Add(request);
            return new RecordConsentResponse { CustomerId = "c1", Consents = { _consents } };
        };
        _cdp.Api.Purposes = _ => new ListPurposesResponse { Purposes = { new Purpose { Id = "ads", Description = "Adverts", RefusedByGpc = true, DefaultFields = { "activity" }, Etag = "3" } } };
        _cdp.Api.PutPurpose = request =>
        {
            _put.Add(request.Purpose);
            return new PutPurposeResponse { Purpose = request.Purpose };
        };
    }

    public void Dispose() => _cdp.Dispose();

    [Fact]
    public async Task What_a_customer_allows_is_shown_with_the_reasons()
    {
        Assert.Equal(0, await _cdp.RunAsync("consent", "email:ann@example.org"));
        Assert.Equal(
            """
            customer  c1

            PURPOSES
              purpose     allowed  because                                                  ground in law
              delivery    yes      the customer refuses it, which its ground does not heed  contract
              newsletter  no       needs consent; nothing was said of all channels          consent

            WHAT THE CUSTOMER SAID LAST
              purpose     channel  said     at                                 until  where        proof
              newsletter  email    allowed  1970-01-01 00:00:00.000001 +00:00         store, till  form 7

            """,
            _cdp.Out);
        Assert.Empty(_recorded);
    }

    [Fact]
    public async Task What_it_says_is_recorded()
    {
        Assert.Equal(0, await _cdp.RunAsync("consent", "c1", "--allow", "newsletter", "--refuse", "ads", "--channel", "email", "--until", "2027-12-31", "--proof", "form 7"));
        var expected = new RecordConsentRequest
        {
            Customer = new CustomerRef { CustomerId = "c1" },
            Acts =
            {
                new ConsentAct { Purpose = "newsletter", Granted = true, Channel = "email", Proof = "form 7", ExpiresAt = new Timestamp { UnixMicros = 1_830_211_200_000_000 } },
                new ConsentAct { Purpose = "ads", Channel = "email", Proof = "form 7" },
            },
        };
        Assert.Equal(expected, Assert.Single(_recorded));
        Assert.Equal(1, await _cdp.RunAsync("consent", "c1", "--allow", "newsletter", "--until", "soon"));
        Assert.Contains("\"soon\" is no time", _cdp.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_purpose_keeps_what_is_not_given()
    {
        Assert.Equal(0, await _cdp.RunAsync("purpose", "put", "ads", "--basis", "LegitimateInterests"));
        Assert.Equal(
            new Purpose { Id = "ads", Description = "Adverts", RefusedByGpc = true, DefaultFields = { "activity" }, Etag = "3", LawfulBasis = LawfulBasis.LegitimateInterests },
            Assert.Single(_put));
        Assert.Equal(0, await _cdp.RunAsync("purpose", "list"));
        Assert.Equal(
            """
            purpose  ground in law  consent  GPC      description
            ads                              refuses  Adverts

            """,
            _cdp.Out);
    }
}
