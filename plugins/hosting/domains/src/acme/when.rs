//! When certificates are renewed, and when failed attempts are repeated.

use std::time::Duration;

use rand::Rng as _;
use sdk_plugin::contract::domains::Certificate;

use crate::clock::{DAY, HOUR};

/// The longest wait after a failure, in milliseconds.
const LONGEST: u64 = 12 * HOUR;
/// How early users are warned of a certificate of their own that ends, in milliseconds, unless a
/// third of its life is less.
const WARNING: u64 = 30 * DAY;

/// When a certificate is to be renewed, in milliseconds since 1970: when a third of its life is
/// left, or up to a thirtieth of it earlier, so that those of one day are spread. A certificate has
/// the same time on every node.
pub fn renewal(certificate: &Certificate) -> u64 {
    let third = life(certificate) / 3;
    let spread = life(certificate) / 30;
    let digest = certificate.fingerprint.get(..8).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let earlier = if spread == 0 { 0 } else { digest % spread };
    end(certificate).saturating_sub(third + earlier)
}

/// When users are warned that a certificate of their own ends.
pub fn warning(certificate: &Certificate) -> u64 {
    end(certificate).saturating_sub(WARNING.min(life(certificate) / 3))
}

/// When a certificate ends.
pub fn end(certificate: &Certificate) -> u64 {
    u64::try_from(certificate.not_after).unwrap_or_default()
}

/// How long a certificate lives, in milliseconds.
pub fn life(certificate: &Certificate) -> u64 {
    end(certificate).saturating_sub(u64::try_from(certificate.not_before).unwrap_or_default())
}

/// How long to wait after a number of failures, in milliseconds: `first`, and twice as long with
/// each, give or take a tenth.
pub fn backoff(first: Duration, failures: u32) -> u64 {
    let first = u64::try_from(first.as_millis()).unwrap_or(LONGEST);
    let wait = first.saturating_mul(1 << failures.saturating_sub(1).min(30)).min(LONGEST);
    wait - wait / 10 + rand::rng().random_range(0..=wait / 5)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn certificate(days: u64, fingerprint: &str) -> Certificate {
        Certificate {
            host: "x.com".to_owned(),
            name: String::new(),
            origin: "acme".to_owned(),
            names: vec![],
            issuer: String::new(),
            not_before: 0,
            not_after: (days * DAY) as i64,
            fingerprint: fingerprint.to_owned(),
        }
    }

    #[test]
    fn renewal_is_due_with_a_third_of_the_life_left_and_spread() {
        assert_eq!(renewal(&certificate(90, "00000000")), 60 * DAY);
        let times: Vec<u64> = ["00ffffff", "7fffffff", "deadbeef", "12345678"].map(|print| renewal(&certificate(90, print))).to_vec();
        for time in &times {
            assert!((57 * DAY..=60 * DAY).contains(time), "{time}");
        }
        assert!(times.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(renewal(&certificate(6, "00000000")), 4 * DAY, "short lives count in the same way");
        assert_eq!(renewal(&certificate(0, "no hex")), 0);
    }

    #[test]
    fn a_warning_comes_a_month_early_or_with_a_third_left() {
        assert_eq!(warning(&certificate(365, "")), 335 * DAY);
        assert_eq!(warning(&certificate(30, "")), 20 * DAY);
    }

    #[test]
    fn waits_double_up_to_half_a_day() {
        let near = |wait: u64, expected: u64| assert!(wait.abs_diff(expected) <= expected / 10, "{wait} {expected}");
        let first = Duration::from_secs(300);
        near(backoff(first, 1), 300_000);
        near(backoff(first, 2), 600_000);
        near(backoff(first, 5), 4_800_000);
        near(backoff(first, 9), LONGEST);
        near(backoff(first, u32::MAX), LONGEST);
        near(backoff(Duration::MAX, 1), LONGEST);
    }
}
