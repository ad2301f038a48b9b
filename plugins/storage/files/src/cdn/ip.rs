//! Who may download, by address.

use std::net::IpAddr;

use sdk_plugin::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Kind;
use super::fields::{Fields, kind_name};

/// A list of addresses and networks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ip {
    kind: Kind,
    list: Vec<String>,
}

/// A network: an address, and how many of its first bits count.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.trim().parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok().filter(|bits| *bits <= most)?,
        Some(_) => return None,
        None => most,
    };
    Some((address, bits))
}

fn contains((network, bits): (IpAddr, u32), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (network.to_bits() ^ address.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0,
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits() ^ address.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0,
        _ => false,
    }
}

impl Ip {
    /// Reads `IpConfig`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(json: &str) -> Result<Self> {
        let fields = Fields::parse("IpConfig", json, &["type", "iplist"])?;
        let list = fields.list("iplist", &[',', '\n', ' '], |entry| network(entry).is_some())?;
        Ok(Self { kind: fields.kind(&list)?, list })
    }

    /// As `DescribeCdnDomain` shows it.
    pub fn show(&self) -> Value {
        json!({"ConfigId": "ip", "Type": kind_name(self.kind), "IpList": self.list.join(",")})
    }

    /// Whether an address may download.
    pub fn passes(&self, address: &str) -> bool {
        if self.kind == Kind::Off {
            return true;
        }
        // IPv4 that comes over an IPv6 socket is IPv4.
        let listed = address.parse().ok().is_some_and(|address: IpAddr| {
            self.list.iter().filter_map(|entry| network(entry)).any(|network| contains(network, address.to_canonical()))
        });
        self.kind.passes(listed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        let deny = Ip::parse(r#"{"Type":"black","IpList":"10.0.0.0/8, 192.168.1.7,2001:db8::/32"}"#).unwrap();
        for (address, passes) in [
            ("10.1.2.3", false),
            ("11.1.2.3", true),
            ("192.168.1.7", false),
            ("192.168.1.8", true),
            ("::ffff:10.1.1.1", false),
            ("2001:db8:1::1", false),
            ("2001:db9::1", true),
            ("nonsense", true),
        ] {
            assert_eq!(deny.passes(address), passes, "{address}");
        }
        let allow = Ip::parse(r#"{"type":"whitelist","ip_list":"0.0.0.0/0"}"#).unwrap();
        assert!(allow.passes("1.2.3.4") && !allow.passes("::1") && !allow.passes(""));
        assert!(Ip::default().passes(""));
        for bad in [
            r#"{"Type":"black","IpList":"10.0.0.0/33"}"#,
            r#"{"Type":"black","IpList":"10.0.0"}"#,
            r#"{"Type":"black","IpList":"10.0.0.1/"}"#,
            r#"{"Type":"white","IpList":""}"#,
            r#"{"IpList":"10.0.0.1"}"#,
            r#"{"Type":"grey","IpList":"10.0.0.1"}"#,
            r#"{"Typ":"black"}"#,
            "[]",
        ] {
            assert!(Ip::parse(bad).is_err(), "{bad}");
        }
    }
}
