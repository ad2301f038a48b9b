//! The contract of adapters of cloud calls as tests: [`contract::cloudcall`](crate::contract::cloudcall).
//!
//! The adapter's author writes a platform that stands in for the real one on this machine: it keeps
//! orders, checks signatures, signs its answers, and fails on demand. A [`Fixture`] is the adapter
//! with such a platform, and gets one test for each case from
//! [`conformance_cloudcall!`](crate::conformance_cloudcall):
//!
//! ```no_run
//! use sdk_plugin::conformance::cloudcall::{Behaviour, Count, Fixture, Sender};
//! use sdk_plugin::contract::Calls;
//! use sdk_plugin::contract::cloudcall::{Delivery, Effect, Request};
//! use sdk_plugin::contract::platforms::App;
//! use sdk_plugin::{Call, Reply, Result};
//!
//! #[derive(Clone)]
//! struct Mine;
//!
//! impl Calls for Mine {
//!     async fn make(&self, call: Call) -> Result<Reply> {
//!         // What the plugin does with a call of `cloudcall.adapter.mine.call` and the like.
//! #       Ok(Reply::default())
//!     }
//! }
//!
//! impl Fixture for Mine {
//!     fn adapter(&self) -> &'static str { "mine" }
//!     fn app(&self) -> App {
//!         let settings = [("secret".to_owned(), "known to the platform".to_owned())];
//!         App { platform: "mine".into(), app_id: "1".into(), settings: settings.into() }
//!     }
//!     fn needed(&self) -> Vec<&'static str> { vec!["secret"] }
//!     fn unusable(&self) -> Vec<(&'static str, &'static str)> { vec![("secret", "k7Qw9-zR")] }
//!     fn complete(&self, request: &mut Request) {
//!         // What the adapter's calls need besides numbers and amounts.
//!     }
//!     fn behave(&self, behaviour: Behaviour) {}
//!     fn heard(&self) -> usize { 0 }
//!     fn count(&self, effect: Effect) -> Count { Count::default() }
//!     fn pay(&self, number: &str) {}
//!     fn notify(&self, number: &str, sender: Sender) -> Option<Delivery> { None }
//! }
//!
//! async fn open() -> Mine {
//!     Mine
//! }
//!
//! sdk_plugin::conformance_cloudcall!(open);
//! # fn main() {}
//! ```
//!
//! Each case opens a fixture of its own. Every answer and every error of every case is searched for
//! the settings that the adapter calls secret. What has to do with a kind of API passes when the
//! adapter has none of the kind.
//!
//! What the cases cannot see from outside is the adapter's own to test: that requests are what the
//! platform documents, and that signatures are checked over what was signed.

mod arguments;
mod description;
mod desk;
mod fixture;
mod list;
mod notifications;
mod orders;
mod outcomes;
mod refunds;
mod run;
mod settings;
mod transfers;

pub use fixture::{Behaviour, Count, Fixture, Sender};
pub use run::{cases, run_case};
