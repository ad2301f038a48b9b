//! Rules for downloads of a space, as the vendor's CDN has them: who may download by referer,
//! address and user agent, which pages of other origins may read, and signatures in addresses.
//!
//! The manual says nothing of them; their meaning is that of the vendor's CDN. Rules are checked
//! when they are saved, so that a rule that is there is a rule that works.

mod auth;
mod cors;
mod fields;
mod ip;
mod pattern;
mod referer;
pub mod store;
mod user_agent;

use http::header::{REFERER, USER_AGENT};
use sdk_plugin::{Error, HttpRequest, Result, codes};
use serde::{Deserialize, Serialize};

pub use self::auth::Auth;
pub use self::cors::Cors;
pub use self::ip::Ip;
pub use self::referer::Referer;
pub use self::user_agent::UserAgent;

/// The rules of a space. A rule that was never saved, or is off, lets everything pass.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    pub auth: Auth,
    pub cors: Cors,
    pub ip: Ip,
    pub referer: Referer,
    pub user_agent: UserAgent,
}

/// What a list is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The list is not looked at.
    #[default]
    Off,
    /// Only those on the list may pass.
    Allow,
    /// Those on the list may not.
    Deny,
}

impl Kind {
    /// Whether someone passes who is on the list, or is not.
    fn passes(self, listed: bool) -> bool {
        match self {
            Self::Off => true,
            Self::Allow => listed,
            Self::Deny => !listed,
        }
    }
}

impl Rules {
    /// The path of a download that the rules let pass, without the signature that it may contain.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied`, `SignatureNotMatch`.
    pub fn admit(&self, space: &str, path: &str, request: &HttpRequest, now: u64) -> Result<String> {
        let header = |name| request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let refuse = |what: &str| Err(Error::new(codes::PERMISSION_DENIED, format!("the space does not allow downloads {what}")));
        if !self.ip.passes(&request.caller.ip) {
            return refuse("from this address");
        }
        if !self.referer.passes(header(REFERER).as_deref().unwrap_or_default()) {
            return refuse("from this page");
        }
        if !self.user_agent.passes(header(USER_AGENT).as_deref().unwrap_or_default()) {
            return refuse("by this client");
        }
        self.auth.verify(space, path, request.query(), now)
    }
}
