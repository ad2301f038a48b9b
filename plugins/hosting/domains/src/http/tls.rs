//! Connections over TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use sdk_plugin::{Error, Result, codes};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes connections to servers whose certificates are trusted.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// Trusts the public authorities, and those in a file.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the file cannot be used.
    pub fn new(root: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = root {
            let wrong = |what: String| Error::new(codes::CONFIG, format!("acme.root: {}: {what}", path.display()));
            let before = roots.len();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
                roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
            }
            if roots.len() == before {
                return Err(wrong("there is no certificate in it".to_owned()));
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::internal)?;
        Ok(Self(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()).into()))
    }

    /// Connects to a server.
    ///
    /// # Errors
    /// When it is not there, or its certificate is not trusted.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        self.0.connect(name, stream).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_a_mistake() {
        assert!(Tls::new(None).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("root.pem");
        assert_eq!(Tls::new(Some(&file)).err().unwrap().code(), codes::CONFIG, "there is none");
        std::fs::write(&file, "no certificate").unwrap();
        assert_eq!(Tls::new(Some(&file)).err().unwrap().code(), codes::CONFIG);
        let root = rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap();
        std::fs::write(&file, root.cert.pem()).unwrap();
        assert!(Tls::new(Some(&file)).is_ok());
    }
}
