//! The sessions of one local day.

use std::cmp::Ordering;

use crate::DeviceId;

/// One launch and the time in front that followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The device.
    pub device: DeviceId,
    /// When it began, in milliseconds since 1970.
    pub start: i64,
    /// The time in front, in milliseconds.
    pub duration: u32,
}

impl Session {
    /// What names it.
    pub(crate) fn key(&self) -> (DeviceId, i64) {
        (self.device, self.start)
    }
}

/// The sessions that began on one day, each once, by device and start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions(Vec<Session>);

impl Sessions {
    /// Sessions in any order; of those that are there several times, the longest time counts.
    pub fn of(mut sessions: Vec<Session>) -> Self {
        if sessions.is_sorted_by(|one, next| one.key() < next.key()) {
            return Self(sessions);
        }
        // The longest of equal ones comes first, and is the one that stays.
        sessions.sort_unstable_by_key(|session| (session.key(), std::cmp::Reverse(session.duration)));
        sessions.dedup_by_key(|session| session.key());
        Self(sessions)
    }

    /// Sessions that are in order already, each once.
    pub(crate) fn sorted(sessions: Vec<Session>) -> Self {
        debug_assert!(sessions.is_sorted_by(|one, next| one.key() < next.key()));
        Self(sessions)
    }

    pub(crate) fn as_slice(&self) -> &[Session] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by device and start.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Session> {
        self.0.iter()
    }

    /// How long a session has lasted; none when there is no such session.
    pub fn duration(&self, device: DeviceId, start: i64) -> Option<u32> {
        let at = self.0.binary_search_by_key(&(device, start), Session::key).ok()?;
        self.0.get(at).map(|session| session.duration)
    }

    /// Both together; of sessions that both have, the longer time counts.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = Vec::with_capacity(self.len() + other.len());
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        while let ([left, after_left @ ..], [right, after_right @ ..]) = (a, b) {
            let order = left.key().cmp(&right.key());
            let longer = order == Ordering::Equal && left.duration < right.duration;
            joined.push(if order == Ordering::Greater || longer { *right } else { *left });
            if order != Ordering::Greater {
                a = after_left;
            }
            if order != Ordering::Less {
                b = after_right;
            }
        }
        joined.extend_from_slice(a);
        joined.extend_from_slice(b);
        Self(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(device: DeviceId, start: i64, duration: u32) -> Session {
        Session { device, start, duration }
    }

    #[test]
    fn a_session_is_there_once_with_its_longest_time() {
        let some = Sessions::of(vec![session(2, 5, 1), session(1, 9, 0), session(2, 5, 7), session(2, 4, 3)]);
        assert_eq!(some.0, [session(1, 9, 0), session(2, 4, 3), session(2, 5, 7)]);
        let joined = some.join(&Sessions::of(vec![session(1, 9, 2), session(2, 5, 6), session(3, 0, 0)]));
        assert_eq!(joined.0, [session(1, 9, 2), session(2, 4, 3), session(2, 5, 7), session(3, 0, 0)]);
        assert_eq!((joined.duration(2, 5), joined.duration(2, 6)), (Some(7), None));
    }
}
