//! TLS handshakes: which certificate they are answered with.

use std::io;
use std::sync::Arc;

use rustls::server::{Acceptor, ParsedCertificate};
use rustls::sign::CertifiedKey;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, codes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::{StartHandshake, TlsStream};

use super::tls::{ACME, Tls};
use crate::domains::Names;
use crate::domains::certificates::{Certificates, covers};

/// Alerts of RFC 8446, section 6.2.
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;

/// A connection after its handshake.
pub struct Secured<IO> {
    /// The connection.
    pub stream: TlsStream<IO>,
    /// The host that the client named, where it did.
    pub name: Option<String>,
}

/// Answers a handshake: with the certificate of the host that is asked for, with that of
/// `server.tls`, or with an alert. None when the connection has served its purpose by then.
///
/// # Errors
/// What the connection or rustls says.
pub async fn handshake<IO, C>(io: IO, tls: &Tls, certificates: &Certificates<C>, names: &Names) -> io::Result<Option<Secured<IO>>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    C: Calls,
{
    let begun = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
    let hello = begun.client_hello();
    let name = hello.server_name().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
    // A challenge offers nothing else (RFC 8737, section 3).
    let challenge = hello.alpn().is_some_and(|mut offered| offered.next() == Some(ACME) && offered.next().is_none());
    let asked = name.as_deref().unwrap_or_default();
    let key = match tls.own() {
        // The server's own names, and those that it gives to spaces, do without the database.
        Some(own) if !challenge && (names.is_own(asked) || names.space(asked).is_some()) => {
            Ok(Some(own_key(own, certificates, asked).await))
        }
        _ if challenge => certificates.challenge(asked).await,
        own => certificates.key(asked).await.map(|key| key.or(own)),
    };
    match key {
        Ok(Some(key)) if challenge => {
            let mut stream = begun.into_stream(tls.acme(key)).await?;
            stream.shutdown().await?;
            Ok(None)
        }
        Ok(Some(key)) => Ok(Some(Secured { stream: begun.into_stream(tls.http(key)).await?, name })),
        Ok(None) => {
            tracing::debug!(name, challenge, "no certificate for a TLS handshake");
            refuse(begun, UNRECOGNIZED_NAME).await
        }
        Err(error) => {
            log(&error, asked);
            refuse(begun, INTERNAL_ERROR).await
        }
    }
}

/// The certificate of `server.tls` for a name of the server, unless only another one is for it.
async fn own_key<C: Calls>(own: Arc<CertifiedKey>, certificates: &Certificates<C>, name: &str) -> Arc<CertifiedKey> {
    let named = own.cert.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok()).is_some_and(|leaf| covers(&leaf, name));
    if named {
        return own;
    }
    certificates.key(name).await.ok().flatten().unwrap_or(own)
}

fn log(error: &Error, name: &str) {
    match error.code() {
        codes::CONFIG => tracing::error!(name, message = error.message(), "a TLS handshake was refused"),
        _ => tracing::warn!(name, ?error, "a TLS handshake was refused"),
    }
}

/// Ends a handshake with a fatal alert. Nothing is encrypted yet.
async fn refuse<IO, T>(begun: StartHandshake<IO>, alert: u8) -> io::Result<Option<T>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut io = begun.io;
    io.write_all(&[21, 3, 3, 0, 2, 2, alert]).await?;
    io.shutdown().await?;
    Ok(None)
}

#[cfg(test)]
mod tests;
