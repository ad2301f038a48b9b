//! Logins: how a platform's code for a user becomes the user's identity.
//!
//! `serverless.auth.user.authorize` with `authProvider: "NAME"` is answered by the plugin that
//! provides the method [`PREFIX`]` + NAME`: [`Login`] → [`Identity`]. The core makes the user of it
//! and the session; the provider never sees either. Only the core calls it.
//!
//! A code that the platform refuses is [`REFUSED`]; an app whose keys it refuses is
//! `InvalidConfiguration`; a platform that cannot be reached, or asks for fewer logins, is
//! `ServiceUnavailable`, and may be tried again with a new code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the method of a login provider is called: this and the provider's name, such as
/// `login.alipay_openapi`.
pub const PREFIX: &str = "login.";

/// The code for an authorization code that the platform does not take.
pub const REFUSED: &str = "InvalidAuthCode";

/// The secrets of a user's session with the platform, such as WeChat's `session_key`:
/// [`SessionOf`] → [`Secrets`]. The core provides it to plugins. No reply to a mini program or
/// function may have them.
pub const SESSION: &str = "core.login.session";

/// A user who signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// The app's id on its platform.
    #[serde(default)]
    pub client_identifier: String,
    /// What the platform's client library gave for the user: used once, valid for minutes.
    #[serde(default)]
    pub auth_code: String,
}

/// Who it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The platform's id of the user in this app: what the user of the space is derived from.
    pub o_auth_user_id: String,
    /// Other ids of the same user by their names, such as `unionId`. Functions see them in
    /// `getProfileInfo`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// What must stay on the server, by names, such as `sessionKey`. The core keeps it encrypted,
    /// until the user signs in again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

/// Names a user of the call's space.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionOf {
    /// The user's id in the space.
    pub user_id: String,
}

/// What is kept of the user's last login.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    /// The app that the user signed in to.
    pub app: String,
    /// By names, as the provider gave them.
    pub secrets: BTreeMap<String, String>,
}
