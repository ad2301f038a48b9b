//! The calls of an instance, from when they are given to it until they end.
//!
//! They are kept outside of the instance's thread, which may stop for ever: then those that it had
//! begun are answered with an error, and those that it had not are handed back to whoever gave them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError, TryLockError};

use sdk_plugin::Error;
use tokio::sync::oneshot;

use super::{Held, Invocation, Outcome};

/// How a call leaves its instance.
pub enum Ending {
    /// It ended.
    Outcome(Outcome),
    /// The instance ended first. None of its code has run.
    Unbegun(Box<Invocation>, Held),
}

/// What a call has of its caller.
pub struct Claim {
    /// Goes when the call has ended.
    pub held: Held,
    /// Where the result goes.
    pub reply: oneshot::Sender<Ending>,
}

/// The calls of one instance.
#[derive(Default)]
pub struct Calls(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    closed: bool,
    waiting: VecDeque<(Box<Invocation>, Claim)>,
    begun: HashMap<u32, Claim>,
}

impl Calls {
    /// Gives the instance a call, unless it takes none any more or cannot be told: then the call is
    /// handed back.
    pub fn give(&self, invocation: Box<Invocation>, claim: Claim, tell: impl FnOnce() -> bool) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let given = !kept.closed && tell();
        if given {
            kept.waiting.push_back((invocation, claim));
        } else {
            drop(kept);
            hand_back(invocation, claim);
        }
        given
    }

    /// Begins the call that has waited for longest: from here on it is not run anywhere else. `None`
    /// when its caller has given up meanwhile.
    pub fn begin(&self, id: u32) -> Option<Box<Invocation>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (invocation, claim) = kept.waiting.pop_front()?;
        if claim.reply.is_closed() {
            return None;
        }
        kept.begun.insert(id, claim);
        Some(invocation)
    }

    /// Ends a call that was begun. Gives its caller's side, unless it has ended already.
    pub fn end(&self, id: u32) -> Option<Claim> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begun.remove(&id)
    }

    /// Takes no more calls, and lets go of those there are. Gives how many there were, or `None` when
    /// the instance's thread is busy with them: it may have stopped there.
    pub fn close(&self, error: &impl Fn() -> Error) -> Option<usize> {
        let (waiting, begun) = {
            let mut kept = match self.0.try_lock() {
                Ok(kept) => kept,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            kept.closed = true;
            (std::mem::take(&mut kept.waiting), std::mem::take(&mut kept.begun))
        };
        let count = waiting.len() + begun.len();
        for (invocation, claim) in waiting {
            hand_back(invocation, claim);
        }
        for Claim { held, reply } in begun.into_values() {
            drop(held);
            let _ = reply.send(Ending::Outcome(Outcome { result: Err(error()), memory: 0 }));
        }
        Some(count)
    }
}

fn hand_back(invocation: Box<Invocation>, Claim { held, reply }: Claim) {
    // When its caller has given up, it goes.
    let _ = reply.send(Ending::Unbegun(invocation, held));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use sdk_plugin::{Call, codes};

    use super::*;
    use crate::runtime::Lines;

    fn invocation() -> Box<Invocation> {
        let call = Call::new("space", "method", bytes::Bytes::new());
        Box::new(Invocation { call, args: String::new(), cpu: Duration::ZERO, lines: Arc::new(Lines::default()) })
    }

    fn claim(place: &Arc<()>) -> (Claim, oneshot::Receiver<Ending>) {
        let (reply, ending) = oneshot::channel();
        (Claim { held: Box::new(place.clone()), reply }, ending)
    }

    fn lost() -> Error {
        Error::new(codes::FUNCTION_RESOURCE, "lost")
    }

    #[test]
    fn what_has_not_begun_is_handed_back_and_what_has_is_ended() {
        let (calls, place) = (Calls::default(), Arc::new(()));
        let (first, mut begun) = claim(&place);
        let (second, mut waiting) = claim(&place);
        let (third, mut late) = claim(&place);
        assert!(calls.give(invocation(), first, || true));
        assert!(calls.give(invocation(), second, || true));
        assert!(calls.begin(1).is_some());
        assert_eq!(calls.close(&lost), Some(2));
        assert!(!calls.give(invocation(), third, || true), "it takes none any more");
        assert!(matches!(begun.try_recv(), Ok(Ending::Outcome(Outcome { result: Err(error), .. })) if error.message() == "lost"));
        assert!(matches!(waiting.try_recv(), Ok(Ending::Unbegun(..))));
        assert!(matches!(late.try_recv(), Ok(Ending::Unbegun(..))));
        assert!(calls.end(1).is_none(), "it has ended");
        assert_eq!(Arc::strong_count(&place), 1, "nothing is held any more");
    }

    #[test]
    fn a_call_whose_caller_is_gone_does_not_begin() {
        let (calls, place) = (Calls::default(), Arc::new(()));
        let (first, ending) = claim(&place);
        assert!(calls.give(invocation(), first, || true));
        drop(ending);
        assert!(calls.begin(1).is_none());
        assert_eq!(Arc::strong_count(&place), 1);
    }

    #[test]
    fn a_thread_that_stopped_among_its_calls_stops_nobody_else() {
        let calls = Calls::default();
        let held = calls.0.lock().expect("not poisoned");
        assert_eq!(calls.close(&lost), None);
        drop(held);
        assert_eq!(calls.close(&lost), Some(0));
    }
}
