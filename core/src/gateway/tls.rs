//! TLS from a certificate chain and a key.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sdk_plugin::{Error, Result, codes};

use crate::config::Tls;

/// Reads the files and offers HTTP/2 and HTTP/1.1.
///
/// # Errors
/// `InvalidConfiguration` with the file at fault.
pub fn load(config: &Tls) -> Result<Arc<ServerConfig>> {
    let wrong =
        |file: &std::path::Path, e: &dyn std::fmt::Display| Error::new(codes::CONFIG, format!("server.tls: {}: {e}", file.display()));
    let chain = CertificateDer::pem_file_iter(&config.cert)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|e| wrong(&config.cert, &e))?;
    if chain.is_empty() {
        return Err(wrong(&config.cert, &"holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|e| wrong(&config.key, &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| wrong(&config.cert, &e))?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}
