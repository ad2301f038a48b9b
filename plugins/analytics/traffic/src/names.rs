//! Names of channels, devices and batches.

use std::sync::Arc;

use crate::draw::scramble;

/// Names that try those who print or parse them; further channels are numbered.
const STRANGE: [&str; 14] = [
    "search",
    "扫码",
    "my mini programs",
    "群聊分享",
    "sms,spring",
    "=HYPERLINK(\"http://example.com\")",
    "say \"hello\"",
    "春节,活动 2026",
    "+1 friend",
    "@all",
    "-none-",
    "poster +A",
    "Ünïcode’s 🎉",
    "a/b?c=d&e=100%",
];

pub fn channels(count: u16) -> Arc<[String]> {
    let numbered = |number: usize| STRANGE.get(number).map_or_else(|| format!("channel-{number:04}"), |name| (*name).to_owned());
    std::iter::once(String::new()).chain((0..usize::from(count)).map(numbered)).collect()
}

pub fn device(seed: u64, device: u32) -> String {
    let high = scramble(seed ^ (u64::from(device) << 1));
    format!("{high:016x}{:016x}", scramble(high ^ u64::from(device)))
}

pub fn batch(seed: u64, batch: u32) -> String {
    let high = scramble(!seed ^ (u64::from(batch) << 1));
    let low = scramble(high ^ u64::from(batch));
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{:04x}-{:012x}", (low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_of_devices_and_batches_are_those_of_the_wire_and_differ() {
        let devices: HashSet<String> = (0..10_000).map(|number| device(3, number)).collect();
        assert_eq!(devices.len(), 10_000);
        assert!(devices.iter().all(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())));
        let batches: HashSet<String> = (0..10_000).map(|number| batch(3, number)).collect();
        assert_eq!(batches.len(), 10_000);
        assert!(batches.iter().all(|text| text.len() == 36 && text.split('-').count() == 5));
    }

    #[test]
    fn names_of_channels_differ_and_fit_the_wire() {
        let names = channels(3_000);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 3_001);
        assert!(names.iter().all(|name| name.len() <= 64));
        assert_eq!(names.first().unwrap(), "");
    }
}
