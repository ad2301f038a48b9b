//! Which addresses are on the public internet.
//!
//! What is asked to connect somewhere for somebody else must reach only what anybody could reach,
//! and nothing of the operator's network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address can be anybody's on the internet, and none of a network that only this
/// machine can reach.
pub fn is_public(address: IpAddr) -> bool {
    kind(address).is_none()
}

/// What an address is, such as "a private address", unless it is one of the public internet. An
/// IPv6 address that carries an IPv4 address is never more public than that.
pub fn kind(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

/// The special-purpose addresses of RFC 6890 and the registry of IANA that keeps it.
fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "an unspecified address",
        (127, ..) => "a loopback address",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private address",
        (100, 64..=127, _) => "a shared address (100.64.0.0/10)",
        (169, 254, _) => "a link-local address",
        // What Azure tells its machines, secrets included, is at a public address.
        (168, 63, 129) => "an address of the cloud's own services",
        (192, 0, 0) => "a reserved address",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "a documentation address",
        (192, 88, 99) => "a 6to4 relay",
        (198, 18..=19, _) => "a benchmarking address",
        (224..=239, ..) => "a multicast address",
        (240.., ..) => "a reserved or broadcast address",
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let inner = |high: u16, low: u16| v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    // ISATAP (RFC 5214) carries an IPv4 address behind any prefix.
    if matches!(parts[4], 0 | 0x200)
        && parts[5] == 0x5efe
        && let Some(kind) = inner(parts[6], parts[7])
    {
        return Some(kind);
    }
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        // Compatible and translated (RFC 4291, 8215); mapped ones are IPv4 by now.
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => inner(parts[6], parts[7]).or(Some("a reserved address")),
        // NAT64 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => inner(parts[6], parts[7]),
        [0x64, 0xff9b, ..] => Some("a private address"),
        [0x100, 0, 0, ..] => Some("a discard address"),
        // Teredo leads to whatever its client names.
        [0x2001, 0, ..] => Some("a Teredo address"),
        [0x2001, 2, 0, ..] => Some("a benchmarking address"),
        [0x2001, 1..=0x1ff, ..] => Some("a reserved address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("a documentation address"),
        // 6to4 leads to the IPv4 address inside.
        [0x2002, high, low, ..] => inner(high, low),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("a reserved address"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:200::1",
            "2002:101:101::",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
            "168.63.130.16",
            "2400:1::5efe:808:808",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:0:808:808::f7f7:f7f7",
            "2001:100::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::8.8.8.8",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:808:808::5efe:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::101:101",
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "2400:1::5efe:10.0.0.1",
            "2400:1::200:5efe:127.0.0.1",
            "4000::5efe:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "100::1",
            "fec0::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
