//! What the cases are run with.

use super::apps::Apps;
use crate::contract::Calls;
use crate::contract::platforms::App;

/// A login provider, with a platform that stands in for the real one.
///
/// [`make`](Calls::make) answers calls of the provider's method as the plugin does, with the
/// gateway's address set to that of the platform, and with the plugin's own calls answered by
/// [`apps`](Self::apps).
pub trait Fixture: Calls {
    /// The provider's name: `NAME` in `login.NAME`.
    fn provider(&self) -> &'static str;

    /// The app that the platform knows.
    fn apps(&self) -> &Apps;

    /// The same app with keys that could be good, and that the platform does not take.
    fn stranger(&self) -> App;

    /// A code, and what the platform says when it is used next.
    fn code(&self, verdict: Verdict) -> String;

    /// What the platform gives out with a login and must stay on the server, such as session keys
    /// and tokens.
    fn secrets(&self) -> Vec<String>;
}

/// What a platform makes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is for a user: one of two.
    User(bool),
    /// It was used before, or is over.
    Used,
    /// It never gave it out.
    Unknown,
    /// It cannot say now: it is being repaired, and answers something else.
    Away,
}
