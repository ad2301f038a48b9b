//! Which addresses are on the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public, with the length of their prefix (IANA's registry of
/// special purpose addresses).
const V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // What Azure tells its machines, secrets included, is at a public address.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, and what is reserved, up to the broadcast address.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Networks of IPv6 within the public `2000::/3` that are not public.
const V6: [(Ipv6Addr, u32); 3] = [
    // Protocols' own, Teredo and benchmarks among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address can be anybody's on the internet, and none of a network that only this
/// machine can reach.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, third, _, fifth, sixth, ..] = v6.segments();
            // ISATAP (RFC 5214) carries an IPv4 address behind any prefix.
            if matches!(fifth, 0 | 0x200) && sixth == 0x5efe && !is_public_v4(Ipv4Addr::from_bits(v6.to_bits() as u32)) {
                return false;
            }
            let nat64 = v6.to_bits() >> 32 == 0x64_ff9b << 64;
            let within = |(network, length): &(Ipv6Addr, u32)| (v6.to_bits() ^ network.to_bits()) >> (128 - length) == 0;
            match first {
                // 6to4 and NAT64 lead to the IPv4 address inside.
                0x2002 => is_public_v4(Ipv4Addr::from_bits(u32::from(second) << 16 | u32::from(third))),
                0x64 if nat64 => is_public_v4(Ipv4Addr::from_bits(v6.to_bits() as u32)),
                0x2000..=0x3fff => !V6.iter().any(within),
                _ => false,
            }
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    !V4.iter().any(|(network, length)| (v4.to_bits() ^ network.to_bits()) >> (32 - length) == 0)
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
            "2002:101:101::",
            "64:ff9b::101:101",
            "168.63.129.17",
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
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "64:ff9b::7f00:1",
            "64:ff9b:1::101:101",
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "2400:1::5efe:10.0.0.1",
            "2400:1::200:5efe:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "100::1",
            "fec0::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
