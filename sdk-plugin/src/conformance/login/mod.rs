//! The contract of login providers as tests: [`contract::login`](crate::contract::login).
//!
//! The provider's author writes a platform that stands in for the real one on this machine. A
//! [`Fixture`] is the provider with such a platform and with [`Apps`] in the place of the plugin that
//! keeps apps, and gets one test for each case from [`conformance_login!`](crate::conformance_login):
//!
//! ```no_run
//! use sdk_plugin::conformance::login::{Apps, Fixture, Verdict};
//! use sdk_plugin::contract::Calls;
//! use sdk_plugin::contract::platforms::App;
//! use sdk_plugin::{Call, Reply, Result};
//!
//! #[derive(Clone)]
//! struct Mine {
//!     apps: Apps,
//! }
//!
//! impl Calls for Mine {
//!     async fn make(&self, call: Call) -> Result<Reply> {
//!         // What the plugin does with a call of `login.mine_openapi`, when its own calls of
//!         // `platforms.app` are answered by `self.apps`.
//! #       Ok(Reply::default())
//!     }
//! }
//!
//! impl Fixture for Mine {
//!     fn provider(&self) -> &'static str { "mine_openapi" }
//!     fn apps(&self) -> &Apps { &self.apps }
//!     fn stranger(&self) -> App {
//!         let settings = [("secret".to_owned(), "not known to the platform".to_owned())];
//!         App { platform: "mine".into(), app_id: "1".into(), settings: settings.into() }
//!     }
//!     fn code(&self, verdict: Verdict) -> String { "code".to_owned() }
//!     fn secrets(&self) -> Vec<String> { vec!["a session key".to_owned()] }
//! }
//!
//! async fn open() -> Mine {
//!     let settings = [("secret".to_owned(), "known to the platform".to_owned())];
//!     Mine { apps: Apps::new(App { platform: "mine".into(), app_id: "1".into(), settings: settings.into() }) }
//! }
//!
//! sdk_plugin::conformance_login!(open);
//! # fn main() {}
//! ```
//!
//! Each case opens a fixture of its own. Every answer and every error of every case is searched for
//! the app's settings and for the platform's secrets, which may be among the
//! [secrets](crate::contract::login::Identity::secrets) of an identity and nowhere else.

mod apps;
mod desk;
mod fixture;
mod list;
mod refusals;
mod run;
mod users;

pub use apps::Apps;
pub use fixture::{Fixture, Verdict};
pub use run::{cases, run_case};
