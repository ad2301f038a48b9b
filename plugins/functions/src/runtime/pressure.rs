//! How much memory the process takes, and how much it should.

use std::fs;

/// The part of the machine's memory that the process may take before idle instances go, unless the
/// operator says otherwise: three quarters, because the page cache of the database wants the rest.
const SHARE: (u64, u64) = (3, 4);

/// The process's resident memory in bytes; 0 where that cannot be read.
pub fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok().and_then(|statm| statm.split_whitespace().nth(1)?.parse::<u64>().ok());
    // Linux counts in pages of 4 KiB wherever a binary of this project runs.
    pages.unwrap_or(0) * 4096
}

/// The limit in bytes: the operator's, else a share of what the machine or the control group has.
pub fn limit(configured: Option<u64>) -> u64 {
    configured.unwrap_or_else(|| {
        let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
        let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
        let least = [machine, group].into_iter().flatten().min();
        least.map_or(u64::MAX, |bytes| bytes / SHARE.1 * SHARE.0)
    })
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_known() {
        assert!(resident() > 1 << 20);
        assert!(limit(None) > 1 << 20);
        assert_eq!(limit(Some(7)), 7);
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24 kB\n"), Some(24 * 1024));
    }
}
