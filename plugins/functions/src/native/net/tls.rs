//! TLS of a client: which certificates it trusts and shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use tokio_rustls::{TlsConnector, rustls::crypto::ring};

use super::super::{Failure, Result, Value};
use super::{certificate, errors};

/// The most certificates in an option `ca` or `cert`.
const MAX_CERTIFICATES: usize = 1000;
/// How many sessions are kept to be resumed.
const SESSIONS: usize = 32;

/// A certificate that is not trusted, as Node.js tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    code: &'static str,
    message: String,
}

impl Rejected {
    /// As an error.
    pub fn failure(&self) -> Failure {
        Failure::error(self.code, self.message.clone())
    }
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejected {}

/// What is known of the other side of a TLS connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Why it is not trusted, if it is connected to nevertheless.
    pub rejected: Option<&'static str>,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Such as `TLSv1.3`.
    pub protocol: &'static str,
    /// Such as `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// What ALPN chose.
    pub alpn: Option<String>,
}

/// The TLS settings of a connection.
#[derive(Debug)]
pub struct Tls {
    /// Tells settings apart.
    pub id: u64,
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    /// `servername`; the host's name otherwise.
    name: Option<String>,
}

impl Tls {
    /// The settings of Node.js's options `ca`, `cert`, `key`, `rejectUnauthorized`, `servername` and
    /// `ALPNProtocols`. `ca` replaces `roots`.
    ///
    /// # Errors
    /// Those of options that are no certificates or keys.
    pub fn new(options: &Value, roots: &Arc<RootCertStore>) -> Result<Self> {
        let own = options.get("ca").map(certificates).transpose()?;
        let trusted = match &own {
            None => roots.clone(),
            Some(own) => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(own.iter().cloned());
                Arc::new(store)
            }
        };
        let reject = options.get("rejectUnauthorized").and_then(Value::as_bool).unwrap_or(true);
        let verifier = Arc::new(Verifier::new(trusted, own.unwrap_or_default(), reject)?);
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("TLS", &error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut config = match (options.get("cert"), options.get("key")) {
            (Some(chain), Some(key)) => {
                let key = key.as_bytes().map(<[u8]>::to_vec).or_else(|| key.as_str().map(|text| text.as_bytes().to_vec()));
                let key = key.ok_or_else(|| {
                    Failure::type_error("ERR_INVALID_ARG_TYPE", "The \"options.key\" property must be a string or a Buffer")
                })?;
                builder.with_client_auth_cert(certificates(chain)?, private_key(&key)?).map_err(|error| invalid("cert or key", &error))?
            }
            _ => builder.with_no_client_auth(),
        };
        if let Some(Value::List(names)) = options.get("ALPNProtocols") {
            config.alpn_protocols = names.iter().filter_map(Value::as_str).map(|name| name.as_bytes().to_vec()).collect();
        }
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        let name = options.get("servername").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Self { id, config: Arc::new(config), verifier, name })
    }

    /// Makes a TLS connection of one to `host`.
    ///
    /// # Errors
    /// The reason why the certificate is not trusted, with Node.js's code.
    pub async fn connect(&self, tcp: TcpStream, host: &str) -> Result<(TlsStream<TcpStream>, Peer)> {
        let name = self.name.as_deref().unwrap_or(host);
        let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| Failure::type_error("ERR_INVALID_ARG_VALUE", format!("`{name}` is no name of a TLS server")))?;
        let connecting = TlsConnector::from(self.config.clone()).connect(name.clone(), tcp);
        let stream = connecting.await.map_err(|error| errors::handshake(&error, host))?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let rejected = match chain.split_first() {
            Some((leaf, rest)) if !self.verifier.reject => self.verifier.check(leaf, rest, &name, &[], UnixTime::now()).err(),
            _ => None,
        };
        let peer = Peer {
            rejected: rejected.map(|rejected| rejected.code),
            certificate: chain.first().map(|leaf| leaf.to_vec()).unwrap_or_default(),
            protocol: match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher: session
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str().map(|name| name.replace("TLS13_", "TLS_")))
                .unwrap_or_default(),
            alpn: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        };
        Ok((stream, peer))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The roots that every operating system and Node.js trust: Mozilla's.
pub fn public_roots() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

/// The certificates of a PEM text, or the one of a DER.
pub fn parse_certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let parsed: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).take(MAX_CERTIFICATES).collect();
    parsed.map_err(|error| invalid("certificate", &error))
}

fn certificates(option: &Value) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    let one = std::slice::from_ref(option);
    let list = if let Value::List(items) = option { items.as_slice() } else { one };
    for item in list {
        let bytes = item.as_bytes().or_else(|| item.as_str().map(str::as_bytes));
        let bytes = bytes.ok_or_else(|| Failure::type_error("ERR_INVALID_ARG_TYPE", "certificates must be strings or Buffers"))?;
        found.extend(parse_certificates(bytes)?);
    }
    if found.len() > MAX_CERTIFICATES {
        return Err(Failure::range_error(
            "ERR_OUT_OF_RANGE",
            format!("there are {} certificates; {MAX_CERTIFICATES} are allowed", found.len()),
        ));
    }
    Ok(found)
}

fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>> {
    if bytes.first() == Some(&0x30) {
        return PrivateKeyDer::try_from(bytes.to_vec()).map_err(|error| invalid("key", &error));
    }
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| invalid("key", &error))
}

fn invalid(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::error("ERR_OSSL_PEM_NO_START_LINE", format!("the TLS option {what} is not valid: {error}"))
}

/// Verifies as WebPKI does, with two differences that Node.js has: a certificate that is itself
/// among the trusted ones is trusted, and untrusted ones are connected to when that is asked for.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    pinned: Vec<CertificateDer<'static>>,
    reject: bool,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(roots: Arc<RootCertStore>, pinned: Vec<CertificateDer<'static>>, reject: bool) -> Result<Self> {
        let provider = provider();
        let chain = if roots.is_empty() {
            None
        } else {
            let built = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(built.map_err(|error| invalid("ca", &error))?)
        };
        Ok(Self { chain, pinned, reject, provider })
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<(), Rejected> {
        let verified = match &self.chain {
            Some(chain) => chain.verify_server_cert(leaf, rest, name, ocsp, now).map(drop),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let error = match verified {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if self.pinned.iter().any(|pinned| pinned == leaf) && !is_about_time(&error) {
            let named = ParsedCertificate::try_from(leaf).and_then(|parsed| verify_server_name(&parsed, name));
            return named.map_err(|error| rejected(&error, leaf, rest, name));
        }
        Err(rejected(&error, leaf, rest, name))
    }
}

fn is_about_time(error: &Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(error, Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }))
}

fn rejected(error: &Error, leaf: &CertificateDer<'_>, rest: &[CertificateDer<'_>], name: &ServerName<'_>) -> Rejected {
    let told = |code, message: &str| Rejected { code, message: message.to_owned() };
    let Error::InvalidCertificate(error) = error else {
        return Rejected { code: "CERT_REJECTED", message: format!("certificate rejected: {error}") };
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => told("CERT_HAS_EXPIRED", "certificate has expired"),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            told("CERT_NOT_YET_VALID", "certificate is not yet valid")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Rejected {
            code: "ERR_TLS_CERT_ALTNAME_INVALID",
            message: format!("Hostname/IP does not match certificate's altnames: Host: {}.", name.to_str()),
        },
        CertificateError::Revoked => told("CERT_REVOKED", "certificate revoked"),
        CertificateError::BadSignature => told("CERT_SIGNATURE_FAILURE", "certificate signature failure"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            told("INVALID_PURPOSE", "unsuitable certificate purpose")
        }
        _ if certificate::is_self_signed(leaf) => told("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
        _ if rest.iter().any(|issuer| certificate::is_self_signed(issuer)) => {
            told("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain")
        }
        CertificateError::UnknownIssuer if rest.is_empty() => {
            told("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate")
        }
        CertificateError::UnknownIssuer => told("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"),
        other => Rejected { code: "CERT_REJECTED", message: format!("certificate rejected: {other}") },
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        if self.reject {
            let refused = |rejected| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(rejected))));
            self.check(leaf, rest, name, ocsp, now).map_err(refused)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
