//! The file service of mini programs, and how the rules of a space reach it (manual 4.1).
//!
//! The core decides what a mini program may do with files before the file service sees a call. It
//! asks the service which files a call would touch ([`RESOLVE`]), applies the space's rules to
//! them, and adds those that are allowed to the call's params as [`RESOLVED`]: a list of
//! [`Target`]. The service keeps to that list, so that what was checked is what is done. A name
//! of its own choice it chooses while it resolves. Calls of functions, servers and administrators
//! come without a list and are not restricted.
//!
//! | method | operation | a target that is not allowed |
//! | --- | --- | --- |
//! | [`SIGN`] | write | refuses the call |
//! | [`REPORT`] | write | refuses the call |
//! | [`INFO`] | read | is left out, as if there were no such file |
//! | [`DELETE`] | write | refuses the call |
//!
//! Downloads carry no token. The service asks [`ALLOWS`] whether nobody in particular may read a
//! file, and takes a signed URL otherwise.

use serde::{Deserialize, Serialize};

/// Begins an upload (wire protocol, section 7).
pub const SIGN: &str = "serverless.file.resource.generateProximalSign";
/// Ends an upload.
pub const REPORT: &str = "serverless.file.resource.report";
/// Describes files.
pub const INFO: &str = "serverless.file.resource.info";
/// Deletes files.
pub const DELETE: &str = "serverless.file.resource.delete";

/// Says which files a call would touch: [`Resolve`] → [`Resolution`]. The file service provides it;
/// only the core calls it.
pub const RESOLVE: &str = "files.resolve";
/// The key in the params of a mini program's call that lists what it may touch.
pub const RESOLVED: &str = "resolved";

/// Whether the rules of the call's space allow something: [`Question`] → [`Verdict`]. The core
/// provides it, from rules that are at most five seconds old.
pub const ALLOWS: &str = "core.files.allows";

/// A call whose files are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolve {
    /// The method.
    pub method: String,
    /// The user who makes the call; empty for none.
    pub user: String,
    /// The call's params as JSON text.
    pub params: String,
}

/// The files that a call would touch. Ids that name no file are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The files, in the order in which the call names them.
    pub targets: Vec<Target>,
}

/// A file as rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The file's id.
    pub id: String,
    /// Its path, which rules are matched with.
    pub path: String,
    /// The user whose file it is, `resource.auth.userId`; empty for nobody's. A file that is yet
    /// to be made is its maker's.
    pub owner: String,
}

/// What somebody wants to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Describe or download it.
    Read,
    /// Make, replace or delete it.
    Write,
}

/// Asks whether something is allowed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// What is to be done.
    pub operation: Operation,
    /// The file's path.
    pub path: String,
    /// The user whose file it is; empty for nobody's.
    pub owner: String,
    /// The user who asks; empty for nobody in particular.
    #[serde(default)]
    pub user: String,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
}
