// X.509 certificates, made with the OpenSSL command for this test: an authority, one that it issued, and one without
// alternative names.
const crypto = require('crypto');

const CA = `-----BEGIN CERTIFICATE-----
MIIDnTCCAoWgAwIBAgIUH7scQVZF/MqpvAgBsPNNnqeDsM0wDQYJKoZIhvcNAQEL
BQAwXTELMAkGA1UEBhMCQ04xGDAWBgNVBAoMD1RlbnBheS5jb20sIEluYzEdMBsG
A1UECwwUVGVucGF5LmNvbSBDQSBDZW50ZXIxFTATBgNVBAMMDFRlc3QgUm9vdCBS
MTAgFw0yNjExMjYwNDA5MzVaGA8yMTI2MTEwMjA0MDkzNVowXTELMAkGA1UEBhMC
Q04xGDAWBgNVBAoMD1RlbnBheS5jb20sIEluYzEdMBsGA1UECwwUVGVucGF5LmNv
bSBDQSBDZW50ZXIxFTATBgNVBAMMDFRlc3QgUm9vdCBSMTCCASIwDQYJKoZIhvcN
AQEBBQADggEPADCCAQoCggEBAPC3qRQy2Om/HHtBDK+ZX5jrGhCpzHk3rHkO6pq+
3K0UJOpBVz2CnrZ+D5hjXZAcvYgNf7hVgZwiIw3TB4xlRn7L8OSOapW1vUGaiPYS
HvBe0BnZF07saAfDCNCznxXAegoLkaCSkBR5+6fHQPWhvfhfPLlW8SfAH0RHEqEx
DhwzOxv5MPFgQp3FRl+EaQ5tC7GQAXWM65WQEPgKS3yXhmax/4q05ZHltPpGvts8
V2rTLYPobo3Yng5NyESdCwlHgOK+io3/ZDhB5I5oCuGS4KOO6ZJu2kq3D0nVjmpP
H1q3L7FkRgEbPL4DAj0kgXsREWBMzB0dcZzWEDqcWIJ2gx8CAwEAAaNTMFEwHQYD
VR0OBBYEFDNclg8PuMmVLfyjTqud18l7kv8GMB8GA1UdIwQYMBaAFDNclg8PuMmV
LfyjTqud18l7kv8GMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEB
AGc2VVGn95yMMvhvIU/J8iRv9RZ8cbqmi5cj4R0bGkA9fazTmA4J1/gQCpqKaFan
fIYOOrYa1fTzFu0yYhYpXRphD4AkRQKCK8M0dedkXiMo4EoqeFVzFCw0poELmV3c
TXYb0Bbcqi3jEYm+2wGZ/6Iq2bt56TRdrXzjJcK3hMoKazhRKwlS+9jcRO3acBDP
woiXvzecPreFTT4hqkqRZ3ZjJgn63jkv8gjHhdbF/llWlNwTU9PVxPSI50DZRXdv
ueK8H04mr711YobSFZSXZpxNRuhZzNLAe2dotPlAbonrFHqFt3TZ0RXnugca9G1g
Kl+zYi4+uDPeFxLwkdcEFr0=
-----END CERTIFICATE-----`;
const LEAF = `-----BEGIN CERTIFICATE-----
MIID0TCCArmgAwIBAgIKChssPU5fYHGCkzANBgkqhkiG9w0BAQsFADBdMQswCQYD
VQQGEwJDTjEYMBYGA1UECgwPVGVucGF5LmNvbSwgSW5jMR0wGwYDVQQLDBRUZW5w
YXkuY29tIENBIENlbnRlcjEVMBMGA1UEAwwMVGVzdCBSb290IFIxMCAXDTI2MTEy
NjA0MDkzNVoYDzIxMjYxMTAyMDQwOTM1WjBZMQswCQYDVQQGEwJDTjEPMA0GA1UE
CAwG5bm/5LicMREwDwYDVQQHDAhTaGVuemhlbjEOMAwGA1UECgwFTmFtZSAxFjAU
BgkqhkiG9w0BCQEWB2FAYi5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASv
qdbK5eGYrPPCpx1X7KLiFbF7BrX40OsYg2eks4+nYkovyHY0vN4+ew3OxOxrI+is
TebOzykKrwvVYnYgELzHo4IBXjCCAVowfQYDVR0RBHYwdIILZXhhbXBsZS5jb22C
EioudGVzdC5leGFtcGxlLmNvbYIPZipvLmV4YW1wbGUubmV0hwR/AAABhxAgAQ24
AAAAAAAAAAAAAAABgRFhZG1pbkBFeGFtcGxlLmNvbYYVaHR0cHM6Ly9leGFtcGxl
LmNvbS9hMCIGA1UdJQQbMBkGCCsGAQUFBwMBBggrBgEFBQcDAgYDKgMEMAsGA1Ud
DwQEAwIHgDBdBggrBgEFBQcBAQRRME8wIwYIKwYBBQUHMAGGF2h0dHA6Ly9vY3Nw
LmV4YW1wbGUuY29tMCgGCCsGAQUFBzAChhxodHRwOi8vY2EuZXhhbXBsZS5jb20v
Y2EuY2VyMAkGA1UdEwQCMAAwHQYDVR0OBBYEFEr+XfDb3Lg8xvMpgcn+iPlJy6H9
MB8GA1UdIwQYMBaAFDNclg8PuMmVLfyjTqud18l7kv8GMA0GCSqGSIb3DQEBCwUA
A4IBAQBpr5oXzbMK6g0uxmcsI63d99M6cIRa/fUUutTZiZo7YzsE8vSP8HhTXmyy
TCZeD+PVuOXskyc/2j4yHITaaINU+09VvCY6a34ls62tG3cHC+uQxR1B6rKn1M6K
WAPKMHLd2sQ69MvaQ/vqnurB5vt0XTgrcAotW2+x3PaC3ybbX1+7wVz4xf0tlLFE
owxSQwHw9f0sDguWYSASBcLZu3okYbje/9vavzRsLlGteKLFNU3MDzgOlX/JYVC7
eMSBd/fng+KS4sdynrPHH8JGP5jrHeHwiTL8CE1KhDe5Y8tj56rhBwT2wjOBQMkF
5Veu5f0VGnkr3JpcOFsaAJmWmNCd
-----END CERTIFICATE-----`;
const PLAIN = `-----BEGIN CERTIFICATE-----
MIIBKzCB0wIUNXZzEqBh/eBa+/uXXpfXq7XAr6EwCgYIKoZIzj0EAwIwGDEWMBQG
A1UEAwwNKi5leGFtcGxlLmNvbTAgFw0yNjExMjYwNDA5MzVaGA8yMTI2MTEwMjA0
MDkzNVowGDEWMBQGA1UEAwwNKi5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABK+p1srl4Zis88KnHVfsouIVsXsGtfjQ6xiDZ6Szj6diSi/IdjS8
3j57Dc7E7Gsj6KxN5s7PKQqvC9VidiAQvMcwCgYIKoZIzj0EAwIDRwAwRAIgJn8w
8+Y3PeX2n0DiUd++jxCWWJpXa5/DLoBEMG+lwRsCIGiil+hFl2I7JhXjrx/FnJqv
aF0qJ7+fkd28SrhDpEJi
-----END CERTIFICATE-----`;
const LEAF_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJrIyVDapQDBrjUj4YL3JOszhkVz528aWeOEPyGkUnzqoAoGCCqGSM49
AwEHoUQDQgAEr6nWyuXhmKzzwqcdV+yi4hWxewa1+NDrGINnpLOPp2JKL8h2NLze
PnsNzsTsayPorE3mzs8pCq8L1WJ2IBC8xw==
-----END EC PRIVATE KEY-----`;

module.exports = async () => {
  const out = {};
  const put = (name, run) => {
    try {
      const value = run();
      out[name] = ArrayBuffer.isView(value) ? Buffer.from(value).toString('hex') : value;
    } catch (error) {
      out[name] = `${error.name} ${error.code} ${error.message}`;
    }
  };
  const all = { ca: new crypto.X509Certificate(CA), leaf: new crypto.X509Certificate(Buffer.from(LEAF)), plain: new crypto.X509Certificate(PLAIN) };
  for (const [name, certificate] of Object.entries(all)) {
    for (const field of ['subject', 'issuer', 'subjectAltName', 'infoAccess', 'validFrom', 'validTo', 'fingerprint', 'fingerprint256', 'fingerprint512', 'keyUsage', 'serialNumber', 'raw', 'ca']) {
      put(`${name} ${field}`, () => certificate[field] ?? null);
    }
    put(`${name} text`, () => [certificate.toString(), JSON.stringify(certificate)]);
    put(`${name} key`, () => [certificate.publicKey.asymmetricKeyType, certificate.publicKey.export({ type: 'spki', format: 'pem' }), crypto.createPublicKey(certificate.toString()).equals(certificate.publicKey)]);
    put(`${name} again`, () => new crypto.X509Certificate(certificate.raw).fingerprint === certificate.fingerprint);
    put(`${name} own key`, () => certificate.checkPrivateKey(crypto.createPrivateKey(LEAF_KEY)));
    for (const [issuer, other] of Object.entries(all)) {
      put(`${name} by ${issuer}`, () => [certificate.verify(other.publicKey), certificate.checkIssued(other)]);
    }
    for (const host of ['example.com', 'EXAMPLE.com', 'www.example.com', 'a.test.example.com', 'a.b.test.example.com', 'foo.example.net', 'fo.example.net', 'bar.example.net', 'leaf.example.org', 'com', 'test.example.com', '']) {
      put(`${name} host ${host}`, () => certificate.checkHost(host) ?? null);
      put(`${name} host always ${host}`, () => certificate.checkHost(host, { subject: 'always' }) ?? null);
      put(`${name} host plain ${host}`, () => certificate.checkHost(host, { wildcards: false }) ?? null);
    }
    for (const ip of ['127.0.0.1', '127.0.0.2', '2001:db8::1', '2001:0db8:0:0::0:1', '::1', 'x']) put(`${name} ip ${ip}`, () => certificate.checkIP(ip) ?? null);
    for (const email of ['admin@Example.com', 'admin@example.com', 'Admin@example.com', 'a@b.com']) put(`${name} email ${email}`, () => certificate.checkEmail(email) ?? null);
  }
  put('private', () => {
    try {
      all.ca.verify(crypto.createPrivateKey(LEAF_KEY));
    } catch (error) {
      return error.code;
    }
  });
  put('wrong', () => new crypto.X509Certificate('wrong'));
  put('verify with a certificate', () => crypto.verify('sha256', Buffer.from('a'), LEAF, crypto.sign('sha256', Buffer.from('a'), LEAF_KEY)));
  return out;
};
