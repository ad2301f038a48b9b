//! Who may see a site, by address.

use std::net::IpAddr;

/// A range of addresses, such as `10.0.0.0/8`; an address alone is the range of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    /// Reads a range; none for what is no range.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            // Neither `+8` nor `08`, which others may read otherwise.
            Some((address, prefix)) => match prefix.as_bytes() {
                [b'0'] | [b'1'..=b'9', ..] => (address, Some(prefix.parse::<u8>().ok()?)),
                _ => return None,
            },
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(range), IpAddr::V4(address)) => {
                // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
                let prefix = if self.address.is_ipv4() { self.prefix } else { self.prefix.saturating_sub(96) };
                let differing = u32::from(range) ^ u32::from(address);
                differing.checked_shr(32 - u32::from(prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(range), IpAddr::V6(address)) => {
                let differing = u128::from(range) ^ u128::from(address);
                differing.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Whether an address may see a site with these ranges; none are no restriction.
pub fn allows(ranges: &[Range], address: &str) -> bool {
    ranges.is_empty() || address.parse().is_ok_and(|address| ranges.iter().any(|range| range.contains(address)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_begins_as_they_do() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("192.168.1.128/25", "192.168.1.200", "192.168.1.100"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
            ("::1", "::1", "::2"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::ffff:11.1.1.1"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("::/0", "2001::1", "8.8.8.8"),
        ] {
            let parsed = [Range::parse(range).unwrap()];
            assert!(allows(&parsed, inside), "{range} {inside}");
            assert!(!allows(&parsed, outside), "{range} {outside}");
        }
        assert!(allows(&[], "anything"));
        assert!(!allows(&[Range::parse("::/0").unwrap()], ""));
        for bad in
            ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/08", "a.example.com", "10.0.0.0/8/8", "010.0.0.1"]
        {
            assert_eq!(Range::parse(bad), None, "{bad}");
        }
    }
}
