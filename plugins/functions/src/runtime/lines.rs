//! What one invocation logs.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// The most lines that an invocation keeps.
const MAX_LINES: usize = 1000;
/// The most bytes of text that an invocation keeps.
const MAX_BYTES: usize = 256 * 1024;
/// The longest line, in bytes.
const MAX_LINE: usize = 16 * 1024;

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was written, in milliseconds since 1970.
    pub time: u64,
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The text.
    pub text: String,
}

/// The lines of one invocation. What goes over the limits is counted and dropped.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<Line>,
    bytes: usize,
    dropped: u64,
}

impl Lines {
    /// Adds a line.
    pub fn push(&self, level: &'static str, mut text: String) {
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.lines.len() >= MAX_LINES || kept.bytes >= MAX_BYTES {
            kept.dropped += 1;
            return;
        }
        if text.len() > MAX_LINE {
            let mut end = MAX_LINE;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        kept.bytes += text.len();
        kept.lines.push(Line { time: now(), level, text });
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.0.lock().map_or(true, |kept| kept.lines.is_empty() && kept.dropped == 0)
    }

    /// Takes the lines and the number of those dropped.
    pub fn take(&self) -> (Vec<Line>, u64) {
        self.0.lock().map_or_else(|_| (Vec::new(), 0), |mut kept| (std::mem::take(&mut kept.lines), kept.dropped))
    }
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let lines = Lines::default();
        lines.push("info", "é".repeat(MAX_LINE));
        for _ in 0..2000 {
            lines.push("info", "x".repeat(1024));
        }
        let (kept, dropped) = lines.take();
        assert!(kept[0].text.len() <= MAX_LINE + 3);
        assert_eq!(kept.len() as u64 + dropped, 2001);
        assert!(kept.iter().map(|line| line.text.len()).sum::<usize>() <= MAX_BYTES + MAX_LINE);
    }
}
