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

    /// The runs.
    pub fn iter(&self) -> impl Iterator<Item = &Sessions> {
        self.0.iter()
    }

    /// All of them as one.
    pub fn joined(&self) -> Sessions {
        self.clone().into_joined()
    }

    /// All of them as one.
    pub fn into_joined(self) -> Sessions {
        // The short ones first.
        let joined = self.0.into_iter().rev().reduce(|short, long| long.join(&short));
        joined.unwrap_or_default()
    }

    /// About how many bytes it takes.
    pub fn memory(&self) -> usize {
        self.len() * size_of::<Session>()
    }
}

impl IntoIterator for Runs {
    type Item = Sessions;
    type IntoIter = std::vec::IntoIter<Sessions>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Finds sessions in several runs, when they are asked for in their order.
pub(crate) struct Finder<'a>(Vec<&'a [Session]>);

impl<'a> Finder<'a> {
    pub fn of(runs: impl Iterator<Item = &'a Sessions>) -> Self {
        Self(runs.map(Sessions::as_slice).filter(|run| !run.is_empty()).collect())
    }

    /// How long a session has lasted, which is none of those before the last one that was asked for;
    /// none when there is no such session.
    pub fn duration(&mut self, device: DeviceId, start: i64) -> Option<u32> {
        let key = (device, start);
        let mut longest = None;
        for run in &mut self.0 {
            *run = from(run, key);
            if let Some(first) = run.first().filter(|first| first.key() == key) {
                longest = longest.max(Some(first.duration));
            }
        }
        longest
    }
}

/// The sessions from one on. Looked for in steps that double, as it mostly is near.
fn from(run: &[Session], key: (DeviceId, i64)) -> &[Session] {
    let mut bound = 1;
    while run.get(bound - 1).is_some_and(|session| session.key() < key) {
        bound *= 2;
    }
    let (low, high) = (bound / 2, bound.min(run.len()));
    let within = run.get(low..high).unwrap_or_default();
    let at = low + within.partition_point(|session| session.key() < key);
    run.get(at..).unwrap_or_default()
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
