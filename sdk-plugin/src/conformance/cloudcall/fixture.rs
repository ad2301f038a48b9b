//! What the cases are run with.

use crate::contract::Calls;
use crate::contract::cloudcall::{Delivery, Effect, Request};
use crate::contract::platforms::App;

/// An adapter, with a platform that stands in for the real one.
///
/// [`make`](Calls::make) answers calls of the contract's methods as the plugin does, with the
/// gateway's address set to that of the platform. The platform begins [`Honest`](Behaviour::Honest),
/// and knows nothing but the [app](Self::app).
pub trait Fixture: Calls {
    /// The adapter's name: `NAME` in `cloudcall.adapter.NAME.call`.
    fn adapter(&self) -> &'static str;

    /// An app that the platform knows, with settings that can be used for every API.
    fn app(&self) -> App;

    /// The settings of this app without which it cannot be used.
    fn needed(&self) -> Vec<&'static str>;

    /// Settings of this app with values that cannot be used: of at least eight characters, and such
    /// that no message has them by chance.
    fn unusable(&self) -> Vec<(&'static str, &'static str)>;

    /// Adds what a call needs besides the arguments that the [`Effect`] of its API asks for.
    fn complete(&self, request: &mut Request);

    /// How the platform behaves from now on.
    fn behave(&self, behaviour: Behaviour);

    /// How many requests have reached the platform.
    fn heard(&self) -> usize;

    /// What the platform has been asked to change.
    fn count(&self, effect: Effect) -> Count;

    /// Has an order's payer pay.
    fn pay(&self, number: &str);

    /// What the platform, or somebody else, sends to the app's address after [`pay`](Self::pay).
    /// Each time it is a delivery of its own of the same notification. None when the platform tells
    /// nothing of orders.
    fn notify(&self, number: &str, sender: Sender) -> Option<Delivery>;
}

/// How a platform behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    Honest,
    /// It refuses what would change something, for a reason such as too little money, and signs
    /// that it does.
    Refuses,
    /// It asks to try again, and does nothing.
    Busy,
    /// It does what it is asked, and hangs up.
    HangsUp,
    /// It does what it is asked, and never answers.
    Silent,
    /// It does what it is asked, and the signature of its answer is wrong.
    BadSignature,
    /// It does what it is asked, and a proxy on the way answers something that it has not said.
    Garbage,
}

/// What a platform has been asked to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many requests reached it.
    pub asked: usize,
    /// How many orders, payments, refunds or transfers there are for that, or how many orders were
    /// ended. A number that comes again counts once.
    pub done: usize,
}

/// Who sends a notification, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The platform, of an order of this app.
    Platform,
    /// Somebody who does not know the platform's key.
    Stranger,
    /// The platform, of an order of another app.
    OfAnotherApp,
    /// The platform, of an order of another seller. As [`OfAnotherApp`](Self::OfAnotherApp) where
    /// there are no sellers.
    OfAnotherSeller,
}
