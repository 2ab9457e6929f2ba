using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cdp.Rpc;

/// <summary>
/// The certificate of a server in two files of PEM: the certificate, followed by those between it and the root, and its private key
/// without a password. They are looked at whenever a client connects, so that renewed files serve the next connection, and
/// connections that are there stay.
/// </summary>
public sealed class CertificateFiles
{
    private readonly Lock _lock = new();
    private readonly string _certificatePath;
    private readonly string _keyPath;
    private Files _used;
    private SslStreamCertificateContext _context;
    private string? _reported;

    /// <summary>Reads the files.</summary>
    /// <param name="certificatePath">File of the certificate and those above it.</param>
    /// <param name="keyPath">File of the private key.</param>
    /// <exception cref="IOException">They cannot be read, or are no certificate with its key.</exception>
    public CertificateFiles(string certificatePath, string keyPath)
    {
        (_certificatePath, _keyPath) = (certificatePath, keyPath);
        try
        {
            _used = Read();
            _context = Load(_used);
        }
        catch (Exception e) when (IsOfTheFiles(e))
        {
            throw new IOException($"The certificate {certificatePath} with the key {keyPath} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Reads the files that settings name.</summary>
    /// <param name="certificatePath">File of the certificate; null: none is named.</param>
    /// <param name="keyPath">File of the private key, where there is one of the certificate.</param>
    /// <returns>Null where none is named.</returns>
    /// <inheritdoc cref="CertificateFiles(string, string)"/>
    public static CertificateFiles? OfNamed(string? certificatePath, string? keyPath) =>
        certificatePath is null || keyPath is null ? null : new CertificateFiles(certificatePath, keyPath);

    /// <summary>The certificate of a connection that begins now.</summary>
    /// <param name="onRejected">
    /// Hears of changed files that cannot be used, once as long as it is for the same reason; the former certificate is used on.
    /// </param>
    internal SslStreamCertificateContext Current(Action<Exception> onRejected)
    {
        lock (_lock)
        {
            try
            {
                var files = Read();
                if (files != _used) (_context, _used) = (Load(files), files);
                _reported = null;
            }
            catch (Exception e) when (IsOfTheFiles(e))
            {
                // Of two files one is replaced before the other: the next connection looks again.
                if (_reported != e.Message) onRejected(e);
                _reported = e.Message;
            }

            return _context;
        }
    }

    private static bool IsOfTheFiles(Exception e) => e is IOException or UnauthorizedAccessException or CryptographicException;

    private static SslStreamCertificateContext Load(Files files)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(files.Certificate);
        if (chain.Count == 0) throw new CryptographicException("The file of the certificate holds none in PEM.");
        X509Certificate2 own;
        try
        {
            using var read = X509Certificate2.CreateFromPem(files.Certificate, files.Key);

            // Some systems cannot use a key that only memory holds.
            own = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException(e.Message, e);
        }

        chain.RemoveAt(0);
        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private Files Read() => new(File.ReadAllText(_certificatePath), File.ReadAllText(_keyPath));

    private sealed record Files(string Certificate, string Key)
    {
        public override string ToString() => "A certificate and its key.";
    }
}
