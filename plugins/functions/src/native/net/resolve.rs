//! Names to addresses. Whoever connects gets only addresses that the policy allows, and connects to
//! those, so that nothing is resolved a second time between the check and the connection.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use super::super::{Args, Env, Failure, Op, Result, Value, Work, work};
use super::{Sockets, errors};

/// The ops of this file.
pub const OPS: &[(&str, Op)] = &[("dns.lookup", Op::Async(lookup))];

/// The longest name that DNS has, with its last dot.
const MAX_NAME: usize = 254;

/// How long a resolver may take. It runs on a thread of its own that cannot be stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// A host's addresses, of one family if it is 4 or 6.
async fn addresses(sockets: &Sockets, host: &str, port: u16, family: u32) -> Result<Vec<SocketAddr>> {
    let wanted = |address: &IpAddr| match family {
        4 => address.is_ipv4(),
        6 => address.is_ipv6(),
        _ => true,
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return if wanted(&address) { Ok(vec![SocketAddr::new(address, port)]) } else { Err(errors::not_found(host)) };
    }
    if bare.is_empty() || bare.len() > MAX_NAME || bare.contains('\0') {
        return Err(errors::not_found(host));
    }
    let Ok(resolved) = tokio::time::timeout(PATIENCE, by_system(sockets, bare.to_owned(), port)).await else {
        let message = format!("getaddrinfo EAI_AGAIN {host}");
        return Err(Failure::error("EAI_AGAIN", message).with("errno", -3001.0).with("syscall", "getaddrinfo").with("hostname", host));
    };
    let found: Vec<SocketAddr> = resolved.into_iter().filter(|address| wanted(&address.ip())).collect();
    if found.is_empty() { Err(errors::not_found(host)) } else { Ok(found) }
}

/// What the system's resolver finds, on a thread of its own, of which there are not many.
async fn by_system(sockets: &Sockets, host: String, port: u16) -> Vec<SocketAddr> {
    let own = sockets.lookups.clone().acquire_owned().await;
    let all = sockets.network.lookups.take(&sockets.space).await;
    let found = tokio::task::spawn_blocking(move || {
        // They count for as long as the thread runs, whoever still waits for it.
        let _turn = (own, all);
        (host.as_str(), port).to_socket_addrs().map(Iterator::collect).unwrap_or_default()
    });
    found.await.unwrap_or_default()
}

/// A host's addresses that functions may connect to.
///
/// # Errors
/// `ERR_OUTBOUND_NOT_ALLOWED` when it has others only.
pub async fn allowed(sockets: &Sockets, host: &str, port: u16, family: u32) -> Result<Vec<SocketAddr>> {
    let mut refused = None;
    let mut open = Vec::new();
    for address in addresses(sockets, host, port, family).await? {
        match sockets.network.policy.check(host, address.ip(), port) {
            Ok(()) => open.push(address),
            Err(failure) => refused = Some(failure),
        }
    }
    if open.is_empty() { Err(refused.unwrap_or_else(|| errors::not_found(host))) } else { Ok(open) }
}

/// `(host, family)` → addresses in the resolver's order. Names of the operator's network have none
/// for a function, as they would tell it of that network.
fn lookup(env: &mut Env, args: &Args) -> Result<Work> {
    let (host, family) = (args.str(0)?.to_owned(), args.u32(1)?);
    let sockets = env.sockets.clone();
    work(async move {
        // An address is its own answer; what may be connected to is decided there.
        let found = match host.parse::<IpAddr>() {
            Ok(_) => addresses(&sockets, &host, 0, family).await?,
            Err(_) => allowed(&sockets, &host, 0, family).await?,
        };
        let mut answers: Vec<Value> = Vec::with_capacity(found.len());
        for address in found {
            let answer = Value::from(address.ip().to_string());
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        Ok(answers.into())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::super::policy::NOT_ALLOWED;
    use super::*;

    #[tokio::test]
    async fn every_spelling_of_a_private_address_is_refused() {
        let sockets = Sockets::new("space".into(), Arc::default());
        for host in [
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.1",
            "[::1]",
            "::1",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST",
            "0",
            "0.0.0.0",
            "[::]",
            "169.254.169.254",
            "0xa9fea9fe",
        ] {
            let error = allowed(&sockets, host, 80, 0).await.expect_err(host);
            assert_eq!(error.code, NOT_ALLOWED, "{host}: {}", error.message);
        }
    }

    #[tokio::test]
    async fn names_that_are_none_have_no_address() {
        let long = "a".repeat(300);
        for host in ["", "a\0b", "127.0.0.1\0.example.com", long.as_str(), "no such host", "999.999.999.999", "１２７.0.0.1"] {
            let error = allowed(&Sockets::new("space".into(), Arc::default()), host, 80, 0).await.expect_err(host);
            assert!(matches!(&*error.code, "ENOTFOUND" | "EAI_AGAIN" | NOT_ALLOWED), "{host}: {}", error.code);
        }
    }

    #[tokio::test]
    async fn another_space_that_looks_up_much_leaves_some() {
        let network: Arc<super::super::Network> = Arc::default();
        let wanted = (0..super::super::MAX_LOOKUPS).map(|_| {
            let network = network.clone();
            tokio::spawn(async move {
                let _slot = network.lookups.take("other").await;
                std::future::pending::<()>().await;
            })
        });
        let wanted: Vec<_> = wanted.collect();
        tokio::task::yield_now().await;
        let sockets = Sockets::new("space".into(), network);
        assert!(!addresses(&sockets, "localhost", 1, 0).await.unwrap().is_empty());
        wanted.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn families_are_told_apart() {
        let sockets = Sockets::new("space".into(), Arc::default());
        assert_eq!(addresses(&sockets, "127.0.0.1", 1, 4).await.unwrap().len(), 1);
        assert_eq!(addresses(&sockets, "127.0.0.1", 1, 6).await.unwrap_err().code, "ENOTFOUND");
    }
}
