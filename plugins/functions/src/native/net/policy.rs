//! Which addresses functions may connect to.
//!
//! Functions run within the operator's network, so only what anybody on the internet could reach is
//! open to them. The rule looks at the address that a connection really goes to, after every
//! resolution of a name; how the name was spelled does not matter.

use std::net::IpAddr;

use public_address::kind;

use super::super::Failure;

/// The code of the error for an address that functions must not reach.
pub const NOT_ALLOWED: &str = "ERR_OUTBOUND_NOT_ALLOWED";

/// What the operator allows and denies beyond the rule.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

impl Policy {
    /// The policy of the configuration's `allow_outbound` and `deny_outbound`. An entry is an
    /// address, a network such as `10.0.0.0/8`, or a host name, each with a port or without:
    /// `127.0.0.1:8080`, `[fd00::/8]:443`, `redis.internal:6379`. What is denied is so even if it
    /// is also allowed.
    ///
    /// # Errors
    /// A text that names the entry that is none of these.
    pub fn new(allow: &[String], deny: &[String]) -> Result<Self, String> {
        let parse = |key: &str, entries: &[String]| {
            let rule = |entry: &String| Rule::parse(entry).ok_or_else(|| format!("{key}: `{entry}` is no address, network or host name"));
            entries.iter().map(rule).collect::<Result<Vec<Rule>, String>>()
        };
        Ok(Self { allow: parse("allow_outbound", allow)?, deny: parse("deny_outbound", deny)? })
    }

    /// Whether a connection may go to an address of this machine itself, which is no private one.
    ///
    /// # Errors
    /// `ERR_OUTBOUND_NOT_ALLOWED`.
    pub fn check_own(&self, host: &str, address: IpAddr, port: u16) -> Result<(), Failure> {
        let address = address.to_canonical();
        if self.allow.iter().any(|rule| rule.matches(host, address, port)) {
            Ok(())
        } else {
            Err(refused(host, port, "an address of the server itself"))
        }
    }

    /// Whether a connection that was asked for by a host's name may go to this address.
    ///
    /// # Errors
    /// `ERR_OUTBOUND_NOT_ALLOWED`, with the reason.
    pub fn check(&self, host: &str, address: IpAddr, port: u16) -> Result<(), Failure> {
        let address = address.to_canonical();
        let kind = if self.deny.iter().any(|rule| rule.matches(host, address, port)) {
            "an address that the operator denies (deny_outbound)"
        } else {
            match kind(address) {
                None => return Ok(()),
                Some(_) if self.allow.iter().any(|rule| rule.matches(host, address, port)) => return Ok(()),
                Some(kind) => kind,
            }
        };
        Err(refused(host, port, kind))
    }
}

fn refused(host: &str, port: u16, kind: &str) -> Failure {
    // A name's address is not told: it belongs to the operator's network.
    let message = format!(
        "connections to {host}:{port} are not allowed: it is {kind}. The operator can allow it with allow_outbound in the configuration of the functions plugin"
    );
    Failure::error(NOT_ALLOWED, message).with("syscall", "connect").with("hostname", host).with("port", u32::from(port))
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    target: Target,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
enum Target {
    Network { address: u128, mask: u128, v6: bool },
    Host(String),
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(target) = Target::network(entry) {
            return Some(Self { target, port: None });
        }
        if let Some((inside, port)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?.parse().ok()?) };
            return Some(Self { target: Target::network(inside)?, port });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let target = Target::network(host).or_else(|| Target::host(host))?;
        Some(Self { target, port })
    }

    fn matches(&self, host: &str, address: IpAddr, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match &self.target {
            Target::Network { address: own, mask, v6 } => address.is_ipv6() == *v6 && bits(address) & mask == *own,
            Target::Host(name) => *name == plain(host),
        }
    }
}

impl Target {
    fn network(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let v6 = address.is_ipv6();
        let most = if v6 { 128 } else { 32 };
        let length = length.unwrap_or(most);
        if length > most {
            return None;
        }
        // The leading `length` of `most` bits.
        let mask = u128::MAX.checked_shl(most - length).unwrap_or(0) & (u128::MAX >> (128 - most));
        Some(Self::Network { address: bits(address) & mask, mask, v6 })
    }

    fn host(text: &str) -> Option<Self> {
        let name = plain(text);
        let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        // `127.1` or `10.0.0.300` is a mistake, not a name.
        let numeric = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        (valid && !numeric).then_some(Self::Host(name))
    }
}

fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let own = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        Policy::new(&own(allow), &own(deny)).unwrap()
    }

    #[test]
    fn only_the_public_internet_is_open() {
        let policy = Policy::default();
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            // Teredo, whatever its server and its client are.
            "2001:0:7f00:1::",
            "2001:0:808:808::80ff:fffe",
            "2001:0:808:808::f7f7:f7f7",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "2400:1::5efe:10.0.0.1",
            "2400:1::200:5efe:127.0.0.1",
            "4000::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let error = policy.check("host", address(closed), 80).expect_err(closed);
            assert_eq!(error.code, NOT_ALLOWED);
            assert!(error.message.contains("allow_outbound"), "{}", error.message);
        }
        for open in [
            "1.1.1.1",
            "8.8.8.8",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2606:4700:4700::1111",
            "2400:1::5efe:8.8.8.8",
        ] {
            assert!(policy.check("host", address(open), 80).is_ok(), "{open}");
        }
    }

    #[test]
    fn the_operator_allows_networks_ports_and_hosts() {
        let policy = policy(&["10.0.0.0/8", "127.0.0.1:8080", "[fd00::/16]:443", "Redis.Internal.:6379", "::1", "db"], &[]);
        for (host, to, port, allowed) in [
            ("h", "10.200.0.1", 1, true),
            ("h", "11.0.0.1", 1, true),
            ("h", "172.16.0.1", 1, false),
            ("h", "127.0.0.1", 8080, true),
            ("h", "::ffff:127.0.0.1", 8080, true),
            ("h", "127.0.0.1", 8081, false),
            ("h", "127.0.0.2", 8080, false),
            ("h", "::7f00:1", 8080, false),
            ("h", "fd00::9", 443, true),
            ("h", "fd00::9", 80, false),
            ("h", "fd01::9", 443, false),
            ("h", "::1", 5, true),
            ("redis.internal", "192.168.0.9", 6379, true),
            ("REDIS.internal.", "192.168.0.9", 6379, true),
            ("redis.internal", "192.168.0.9", 6380, false),
            ("evil.redis.internal", "192.168.0.9", 6379, false),
            ("db", "192.168.0.9", 5432, true),
        ] {
            assert_eq!(policy.check(host, address(to), port).is_ok(), allowed, "{host} {to} {port}");
        }
    }

    #[test]
    fn what_is_denied_stays_so() {
        let policy = policy(&["10.0.0.0/8"], &["10.0.0.5", "8.8.8.0/24:53", "2001:4860::/32"]);
        assert!(policy.check("h", address("10.0.0.4"), 1).is_ok());
        assert!(policy.check("h", address("10.0.0.5"), 1).expect_err("denied").message.contains("deny_outbound"));
        assert!(policy.check("h", address("8.8.8.8"), 53).is_err());
        assert!(policy.check("h", address("::ffff:8.8.8.8"), 53).is_err());
        assert!(policy.check("h", address("8.8.8.8"), 443).is_ok());
        assert!(policy.check("h", address("2001:4860::1"), 443).is_err());
    }

    #[test]
    fn entries_that_are_none_are_told() {
        for wrong in ["10.0.0.0/33", "10.0.0.300", "127.1", "fd00::/129", "", "a b", "host:99999", "[::1]x", "http://a.cn", "10.0.0.0/8/8"]
        {
            let error = Policy::new(&[wrong.to_owned()], &[]).expect_err(wrong);
            assert!(error.contains("allow_outbound"), "{error}");
        }
        assert!(Policy::new(&["0.0.0.0/0".to_owned(), "::/0".to_owned()], &[]).is_ok());
    }
}
