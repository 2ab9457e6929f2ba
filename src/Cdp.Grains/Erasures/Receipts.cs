using System.Security.Cryptography;
using System.Text;
using Cdp.Grains.Ports;
using Cdp.State.V1;
using Cdp.V1;
using Google.Protobuf;

namespace Cdp.Grains.Erasures;

/// <summary>The receipts of a tenant's erasures, signed with a key of its own (ECDSA with SHA-256 on P-256, FIPS 186-5).</summary>
internal sealed class Receipts(IStateStore states, string tenant)
{
    /// <summary>Kind of the states that hold receipts; key <c>tenant/ID</c>.</summary>
    public const string Kind = "erasure-receipt";

    /// <summary>Kind of the states that say which receipt a customer's erasure has; key <c>tenant/CUSTOMER</c>.</summary>
    public const string OfCustomerKind = "erasure-receipt-of";

    /// <summary>Kind of the states that hold the tenants' keys.</summary>
    public const string KeyKind = "erasure-key";

    /// <summary>Signs a receipt and keeps it.</summary>
    public async ValueTask<StoredReceipt> KeepAsync(ErasureReceipt receipt, CancellationToken cancellationToken)
    {
        var bytes = receipt.ToByteArray();
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey((await KeyAsync(cancellationToken)).PrivateKey.Span, out _);
        var stored = new StoredReceipt
        {
            Receipt = UnsafeByteOperations.UnsafeWrap(bytes),
            Signature = UnsafeByteOperations.UnsafeWrap(key.SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        };
        await PutAsync(Kind, receipt.Id, stored.ToByteArray(), cancellationToken);
        foreach (var customer in receipt.CustomerIds) await PutAsync(OfCustomerKind, customer, Encoding.ASCII.GetBytes(receipt.Id), cancellationToken);
        return stored;
    }

    /// <summary>Reads the receipt of a customer's erasure; null where there is none.</summary>
    public async ValueTask<StoredReceipt?> OfCustomerAsync(string customer, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(OfCustomerKind, $"{tenant}/{customer}", cancellationToken);
        return row.Exists ? await ReadAsync(Encoding.ASCII.GetString(row.Value.Span), cancellationToken) : null;
    }

    /// <summary>Reads a receipt; null where there is none.</summary>
    public async ValueTask<StoredReceipt?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var row = await states.ReadAsync(Kind, $"{tenant}/{id}", cancellationToken);
        return row.Exists ? StoredReceipt.Parser.ParseFrom(row.Value.Span) : null;
    }

    private async ValueTask PutAsync(string kind, string name, byte[] value, CancellationToken cancellationToken)
    {
        var key = $"{tenant}/{name}";
        await states.WriteAsync(kind, key, value, (await states.ReadAsync(kind, key, cancellationToken)).Tag, cancellationToken);
    }

    /// <summary>The tenant's key, made when it is first needed.</summary>
    public async ValueTask<ReceiptKey> KeyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await states.ReadAsync(KeyKind, tenant, cancellationToken);
            if (row.Exists) return ReceiptKey.Parser.ParseFrom(row.Value.Span);
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var key = new ReceiptKey { PrivateKey = ByteString.CopyFrom(made.ExportPkcs8PrivateKey()), PublicKey = ByteString.CopyFrom(made.ExportSubjectPublicKeyInfo()) };
            if (await states.WriteAsync(KeyKind, tenant, key.ToByteArray(), null, cancellationToken) is not null) return key;
        }
    }
}
