//! Errors of sockets and of HTTP, with the codes, numbers and texts of Node.js.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use super::super::Failure;
use super::tls::Rejected;

/// Code, number and text of what a system call of a socket can fail with.
fn system(error: &io::Error) -> (&'static str, i32) {
    match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => ("ECONNREFUSED", -libc::ECONNREFUSED),
        Some(libc::ECONNRESET) => ("ECONNRESET", -libc::ECONNRESET),
        Some(libc::ECONNABORTED) => ("ECONNABORTED", -libc::ECONNABORTED),
        Some(libc::EHOSTUNREACH) => ("EHOSTUNREACH", -libc::EHOSTUNREACH),
        Some(libc::ENETUNREACH) => ("ENETUNREACH", -libc::ENETUNREACH),
        Some(libc::EADDRNOTAVAIL) => ("EADDRNOTAVAIL", -libc::EADDRNOTAVAIL),
        Some(libc::EPIPE) => ("EPIPE", -libc::EPIPE),
        Some(libc::EACCES) => ("EACCES", -libc::EACCES),
        Some(libc::EMFILE | libc::ENFILE) => ("EMFILE", -libc::EMFILE),
        _ => match error.kind() {
            io::ErrorKind::ConnectionRefused => ("ECONNREFUSED", -libc::ECONNREFUSED),
            io::ErrorKind::BrokenPipe => ("EPIPE", -libc::EPIPE),
            io::ErrorKind::TimedOut => ("ETIMEDOUT", -libc::ETIMEDOUT),
            _ => ("ECONNRESET", -libc::ECONNRESET),
        },
    }
}

/// A connection that was not made.
pub fn connect(error: &io::Error, to: SocketAddr) -> Failure {
    let (code, errno) = system(error);
    Failure::error(code, format!("connect {code} {to}"))
        .with("errno", f64::from(errno))
        .with("syscall", "connect")
        .with("address", to.ip().to_string())
        .with("port", u32::from(to.port()))
}

/// A connection that failed while it was read or written.
pub fn transfer(error: &io::Error, syscall: &'static str) -> Failure {
    if let Some(failure) = tls(error) {
        return failure;
    }
    let (code, errno) = system(error);
    Failure::error(code, format!("{syscall} {code}")).with("errno", f64::from(errno)).with("syscall", syscall)
}

/// A name without an address.
pub fn not_found(host: &str) -> Failure {
    // The number of libuv's UV_EAI_NONAME.
    Failure::error("ENOTFOUND", format!("getaddrinfo ENOTFOUND {host}"))
        .with("errno", -3008.0)
        .with("syscall", "getaddrinfo")
        .with("hostname", host)
}

/// A TLS connection that was not made.
pub fn handshake(error: &io::Error, host: &str) -> Failure {
    tls(error).unwrap_or_else(|| {
        let message = "Client network socket disconnected before secure TLS connection was established";
        Failure::error("ECONNRESET", message).with("host", host)
    })
}

fn tls(error: &io::Error) -> Option<Failure> {
    use tokio_rustls::rustls;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    if let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(other))) = error
        && let Some(rejected) = other.downcast_ref::<Rejected>()
    {
        return Some(rejected.failure());
    }
    Some(match error {
        rustls::Error::AlertReceived(alert) => {
            Failure::error("ERR_SSL_TLSV1_ALERT", format!("the server ended the TLS handshake: {alert:?}"))
                .with("reason", format!("{alert:?}"))
        }
        rustls::Error::InvalidMessage(_) => {
            Failure::error("ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number: the server does not speak TLS")
                .with("reason", "wrong version number")
        }
        other => Failure::error("EPROTO", format!("TLS: {other}")).with("syscall", "connect"),
    })
}

/// A request that got no answer, or a body that broke off.
pub fn http(error: &hyper::Error) -> Failure {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = source {
        if let Some(failure) = inner.downcast_ref::<Failure>() {
            return failure.clone();
        }
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::UnexpectedEof => hang_up(),
                _ => transfer(io, "read"),
            };
        }
        source = inner.source();
    }
    if error.is_parse_too_large() {
        return Failure::error("HPE_HEADER_OVERFLOW", "Parse Error: Header overflow").with("reason", "Header overflow");
    }
    if error.is_parse() {
        return Failure::error("HPE_INVALID_CONSTANT", format!("Parse Error: {error}"));
    }
    hang_up()
}

/// The server closed the connection instead of answering.
pub fn hang_up() -> Failure {
    Failure::error("ECONNRESET", "socket hang up")
}
