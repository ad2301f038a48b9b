//! TLS: versions, suites and protocols, and the certificate of `server.tls`.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::ResolvesServerCertUsingSni;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sdk_plugin::{Error, Result, codes};
use tokio_util::sync::CancellationToken;

use crate::config;

/// The protocol of TLS-ALPN-01 challenges (RFC 8737).
pub const ACME: &[u8] = b"acme-tls/1";
/// How often the files of `server.tls` are looked at.
const FILES_LOOKED_AT: Duration = Duration::from_secs(10);

/// What all handshakes have in common, and the certificate of those for names without one.
pub struct Tls {
    /// Without a certificate. rustls has only suites with forward secrecy and AEAD.
    http: ServerConfig,
    acme: ServerConfig,
    own: Option<Own>,
}

/// The certificate of `server.tls`, and the times of its files when they were read.
struct Own {
    files: config::Tls,
    key: ArcSwap<CertifiedKey>,
    read_at: Mutex<Times>,
}

type Times = [Option<SystemTime>; 2];

impl Tls {
    /// TLS with the certificate of these files, where there are any.
    ///
    /// # Errors
    /// `InvalidConfiguration` with the file at fault.
    pub fn new(files: Option<&config::Tls>) -> Result<Self> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::internal)?.with_no_client_auth();
        let mut http = builder.with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        http.ticketer = Ticketer::new().map_err(Error::internal)?;
        let mut acme = http.clone();
        http.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        acme.alpn_protocols = vec![ACME.to_vec()];
        acme.send_tls13_tickets = 0;
        let own = files.map(|files| {
            let read_at = Mutex::new(times(files));
            Ok::<_, Error>(Own { files: files.clone(), key: ArcSwap::from_pointee(load(files)?), read_at })
        });
        Ok(Self { http, acme, own: own.transpose()? })
    }

    /// The certificate for names that have none of their own.
    pub fn own(&self) -> Option<Arc<CertifiedKey>> {
        self.own.as_ref().map(|own| own.key.load_full())
    }

    /// Answers a handshake for HTTP. A session is resumed only for the name that it was begun for.
    pub fn http(&self, key: Arc<CertifiedKey>) -> Arc<ServerConfig> {
        with(&self.http, key)
    }

    /// Answers a handshake that is a challenge.
    pub fn acme(&self, key: Arc<CertifiedKey>) -> Arc<ServerConfig> {
        with(&self.acme, key)
    }

    /// Reads the files of `server.tls` again whenever they change, until `stop` is cancelled. Ones
    /// that cannot be used, perhaps as only one of them was replaced yet, change nothing.
    pub async fn follow_files(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FILES_LOOKED_AT) => {}
            }
            let this = self.clone();
            if tokio::task::spawn_blocking(move || this.reload()).await.is_err() {
                return;
            }
        }
    }

    fn reload(&self) {
        let Some(own) = &self.own else { return };
        let (now, Ok(mut read_at)) = (times(&own.files), own.read_at.lock()) else { return };
        if now == *read_at {
            return;
        }
        *read_at = now;
        match load(&own.files) {
            Ok(key) => {
                own.key.store(Arc::new(key));
                tracing::info!(file = %own.files.cert.display(), "the certificate of server.tls was read again");
            }
            Err(error) => tracing::warn!(?error, "the certificate of server.tls has changed and cannot be used; the old one goes on"),
        }
    }
}

fn with(config: &ServerConfig, key: Arc<CertifiedKey>) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.cert_resolver = Arc::new(SingleCertAndKey::from(key));
    Arc::new(config)
}

fn times(files: &config::Tls) -> Times {
    let time = |file: &Path| std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
    [time(&files.cert), time(&files.key)]
}

fn load(files: &config::Tls) -> Result<CertifiedKey> {
    let wrong = |file: &Path, e: &dyn std::fmt::Display| Error::new(codes::CONFIG, format!("server.tls: {}: {e}", file.display()));
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|e| wrong(&files.cert, &e))?;
    if chain.is_empty() {
        return Err(wrong(&files.cert, &"holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| wrong(&files.key, &e))?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|e| wrong(&files.cert, &e))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn write(files: &config::Tls, name: &str) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        std::fs::write(&files.cert, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    #[test]
    fn files_that_change_are_read_again_and_bad_ones_are_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let files = config::Tls { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        assert!(Tls::new(Some(&files)).err().unwrap().message().contains("cert.pem"));
        write(&files, "a.example");
        let tls = Tls::new(Some(&files)).unwrap();
        let shown = || tls.own().unwrap().cert.clone();
        let first = shown();
        tls.reload();
        assert_eq!(shown(), first);
        let age = |seconds| {
            let time = SystemTime::now() + Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(&files.cert).unwrap().set_modified(time).unwrap();
        };
        write(&files, "b.example");
        age(5);
        tls.reload();
        let second = shown();
        assert_ne!(second, first);
        std::fs::write(&files.cert, "nonsense").unwrap();
        age(10);
        tls.reload();
        assert_eq!(shown(), second);
    }
}
