//! Sessions that are added to all the time.

use crate::{DeviceId, Session, Sessions};

/// Sessions of a day as several sorted runs, of which each has more than twice the sessions of the
/// next: adding some moves few others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Vec<Sessions>);

impl Runs {
    /// Adds some; of sessions that are there already, the longer time counts.
    pub fn add(&mut self, run: Sessions) {
        let mut run = run;
        while let Some(before) = self.0.pop_if(|before| before.len() <= 2 * run.len()) {
            run = before.join(&run);
        }
        if !run.is_empty() {
            self.0.push(run);
        }
    }

    /// How many there are; those that have become longer may count several times.
    pub fn len(&self) -> usize {
        self.0.iter().map(Sessions::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long a session has lasted; none when there is no such session.
    pub fn duration(&self, device: DeviceId, start: i64) -> Option<u32> {
        self.0.iter().filter_map(|run| run.duration(device, start)).max()
    }

    /// All of them as one.
    pub fn joined(&self) -> Sessions {
        // The short ones first.
        let joined = self.0.iter().rev().cloned().reduce(|short, long| long.join(&short));
        joined.unwrap_or_default()
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.len() * size_of::<Session>()
    }
}

impl From<Sessions> for Runs {
    fn from(run: Sessions) -> Self {
        let mut runs = Self::default();
        runs.add(run);
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_stay_few_and_have_what_was_added() {
        let mut runs = Runs::default();
        let mut all = Vec::new();
        for n in 0..2_000_u32 {
            let session = Session { device: n.wrapping_mul(2_654_435_761) % 500, start: i64::from(n % 3), duration: n };
            runs.add(Sessions::of(vec![session]));
            all.push(session);
            assert!(runs.0.len() < 12);
        }
        let all = Sessions::of(all);
        assert_eq!(runs.joined(), all);
        assert!(all.iter().all(|session| runs.duration(session.device, session.start) == Some(session.duration)));
        assert_eq!(runs.duration(500, 0), None);
    }
}
