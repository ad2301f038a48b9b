//! How many files the segments of devices are, and the parts of a day. A fold writes one with what is
//! new, merged with small ones before it, so that an earlier file is always several times as large
//! as all that follow it: there are few, and what is written grows with what is new and not with
//! what is there.

/// An earlier file is at least so many times as large as all that follow.
const TIMES: u64 = 3;
/// There are at most so many.
pub const MOST: usize = 10;

/// How many of the last files are merged with so many new bytes; `sizes` are those of the files, in
/// their order.
pub fn merged(sizes: &[u64], new: u64) -> usize {
    let (mut total, mut count) = (new, 0);
    for size in sizes.iter().rev() {
        let crowded = sizes.len() - count >= MOST;
        if *size >= total.saturating_mul(TIMES) && !crowded {
            break;
        }
        total = total.saturating_add(*size);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_few_and_what_is_in_them_is_rewritten_seldom() {
        let mut sizes: Vec<u64> = Vec::new();
        let mut written = 0;
        for fold in 0..10_000 {
            let new = 1000 + 30 * (1 + fold % 7);
            let count = merged(&sizes, new);
            let bytes = new + sizes.split_off(sizes.len() - count).iter().sum::<u64>();
            written += bytes;
            sizes.push(bytes);
            assert!(sizes.len() <= MOST);
        }
        let all: u64 = sizes.iter().sum();
        assert!(written < all * 40, "{written} of {all}");
    }
}
