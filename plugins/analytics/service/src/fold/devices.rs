//! Segments of devices. A fold writes one with what is new; small ones are merged with it, so that
//! an earlier segment is always several times as large as all that follow it, and there are few.

use crate::store::manifest::DeviceFile;

/// An earlier segment is at least so many times as large.
const TIMES: u64 = 3;
/// There are at most so many.
const MOST: usize = 10;
/// About how many bytes a device takes, and a segment beside its devices.
const DEVICE: u64 = 30;
const SEGMENT: u64 = 1000;

/// How many of the last segments are merged with a new one of so many devices.
pub fn merged(segments: &[DeviceFile], new: u64) -> usize {
    let (mut total, mut count) = (SEGMENT + new.saturating_mul(DEVICE), 0);
    for segment in segments.iter().rev() {
        let crowded = segments.len() - count >= MOST;
        if segment.bytes >= total.saturating_mul(TIMES) && !crowded {
            break;
        }
        total = total.saturating_add(segment.bytes);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_few_and_each_device_is_rewritten_seldom() {
        let mut segments: Vec<DeviceFile> = Vec::new();
        let mut written = 0;
        for fold in 0..10_000 {
            let new = 1 + fold % 7;
            let count = merged(&segments, new);
            let mut bytes = DEVICE * new;
            for segment in segments.split_off(segments.len() - count) {
                bytes += segment.bytes;
            }
            written += bytes;
            segments.push(DeviceFile { file: String::new(), bytes });
            assert!(segments.len() <= MOST);
        }
        let all: u64 = segments.iter().map(|segment| segment.bytes).sum();
        assert!(written < all * 40, "{written} of {all}");
    }
}
