//! The rules for the files of a space (manual 4.1), applied to a mini program's calls of the file
//! service as [`sdk_plugin::contract::files`] describes.
//!
//! Rules are a JSON object of ranges, each with operations and who may do them:
//!
//! ```json
//! {"/\\.png$/": {".write": "request.auth.userId == resource.auth.userId", "*": true}, "*": {"*": false}}
//! ```
//!
//! The object may be in another one under `file`, as in the manual. A range is a file's path, a
//! regular expression of JavaScript between slashes, or `*` for all files. An operation is `.read`,
//! `.write` or `*` for both; the policy is `true`, `false` or an [expression](condition). The first
//! rule that is for the file and for the operation decides, in the order in which rules are written:
//! of the ranges, and of the operations in a range, so that `.write` after `*` says nothing.
//!
//! What the manual leaves open:
//! - "Everybody may read files" and the default rule, which marks writing alone, say what holds
//!   where no rule speaks of reading: it is allowed. The example in which `"*"` keeps others from
//!   reading says that a rule may forbid it. Writing that no rule marks is not allowed.
//! - A regular expression matches anywhere in a path, as JavaScript's `test` does:
//!   `/.*\.png/` is also for `a.png.txt`, `/\.png$/` is not. [`javascript`] has what is possible.
//! - A path is compared letter for letter, without folding cases or normalizing.
//! - A user who is not known, and the owner of a file that belongs to nobody, are equal to nothing
//!   and different from nothing, so that nobody never owns what is nobody's and never is "somebody
//!   else". `!` is true for them, as for an empty text and zero.
//! - A comparison of a text and a number, and the order of two texts, are false.
//! - A range or an operation that is written twice is refused, as other readers of JSON would keep
//!   one of both; so is a key that can match no file, and a range without operations.
//! - [`MAX_TEXT`], [`MAX_RANGES`], and 256 KiB of compiled regular expressions limit the rules.
//!
//! Rules are records of the reserved space by the space's id, and other nodes see a change within
//! five seconds.

mod condition;
mod javascript;
mod ruleset;

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::{DELETE, INFO, Operation, Question, REPORT, RESOLVE, RESOLVED, Resolution, Resolve, SIGN, Target};
use sdk_plugin::{Call, CallerKind, Error, Result, codes};
use serde_json::json;

use super::object::Object;
use super::records::{Kept, Records};
use crate::identity::now_ms;

pub use ruleset::{FileRules, MAX_RANGES, MAX_TEXT, for_all_files};

/// How many bytes of rules are kept.
const MAX_CACHED: u64 = 64 << 20;

/// The text of the default rules, as the manual has it.
const DEFAULT: &str = r#"{"*":{".write":"request.auth.userId == resource.auth.userId"}}"#;

/// Decides what may be done with files.
pub struct FilePolicy {
    records: Records<FileRules>,
    default: FileRules,
}

/// The rules of a space as they were set.
#[derive(Clone, Debug)]
pub struct StoredFileRules {
    /// What they say.
    pub rules: FileRules,
    /// How they were written.
    pub text: String,
}

/// What a method does with files, if rules are for it.
pub fn operation(method: &str) -> Option<Operation> {
    match method {
        SIGN | REPORT | DELETE => Some(Operation::Write),
        INFO => Some(Operation::Read),
        _ => None,
    }
}

impl Kept for FileRules {
    const WHAT: &'static str = "the rules for files";

    fn parse(text: &str) -> Result<Self> {
        Self::parse(text)
    }

    fn weight(&self) -> u32 {
        u32::try_from(self.size()).unwrap_or(u32::MAX)
    }
}

impl Default for FilePolicy {
    fn default() -> Self {
        Self { records: Records::new("fileRules", MAX_CACHED), default: FileRules::default() }
    }
}

impl FilePolicy {
    async fn rules<C: Calls>(&self, calls: &C, space: &str) -> Result<FileRules> {
        Ok(self.records.get(calls, space.to_owned()).await?.unwrap_or_else(|| self.default.clone()))
    }

    /// Whether the rules of a space allow something.
    ///
    /// # Errors
    /// `ServiceUnavailable` when they cannot be read, which may pass.
    pub async fn allows<C: Calls>(&self, calls: &C, space: &str, question: &Question) -> Result<bool> {
        Ok(self.rules(calls, space).await?.allows(question))
    }

    /// The params of a call with the files in them that it may touch, in place of any that the
    /// caller lists.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` when the call would write a file that it may not;
    /// `InvalidParams.Format` for params that could be read in several ways; `ServiceUnavailable`,
    /// which may pass, when the rules cannot be read; what the file service answers.
    pub async fn rewrite<C: Calls>(&self, calls: &C, call: &Call, operation: Operation, params: &str) -> Result<String> {
        let mut params = Object::open("params of a call about files", params)?;
        params.retain(|name| name != RESOLVED);
        let user = &call.caller.user;
        let resolve = Resolve { method: call.method.clone(), user: user.clone(), params: params.to_string() };
        let mut question = call.follow(RESOLVE, serde_json::to_vec(&resolve).map_err(Error::internal)?);
        question.caller.kind = CallerKind::System;
        // Boxed, as the call goes through the router, which asks here.
        let resolved: futures_util::future::BoxFuture<'_, _> = Box::pin(calls.make(question));
        let (reply, rules) = tokio::try_join!(resolved, self.rules(calls, &call.space))?;
        let Resolution { mut targets } = reply.decode()?;
        let allowed = |target: &Target| {
            rules.allows(&Question { operation, path: target.path.clone(), owner: target.owner.clone(), user: user.clone() })
        };
        match operation {
            Operation::Read => targets.retain(allowed),
            Operation::Write => {
                // The path of a file that the user knows by its id only is not told.
                if !targets.iter().all(allowed) {
                    let message = "the rules for files do not allow to write this file from a mini program; call a cloud function";
                    return Err(Error::new(codes::PERMISSION_DENIED, message));
                }
            }
        }
        params.set(RESOLVED, serde_json::to_string(&targets).map_err(Error::internal)?);
        Ok(params.to_string())
    }

    /// The rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn stored<C: Calls>(&self, calls: &C, space: &str) -> Result<StoredFileRules> {
        Ok(match self.records.text(calls, space).await? {
            Some(text) => StoredFileRules { rules: FileRules::parse(&text).map_err(Error::internal)?, text },
            None => StoredFileRules { rules: self.default.clone(), text: DEFAULT.to_owned() },
        })
    }

    /// Sets the rules of a space. On this node they hold when this ends.
    ///
    /// # Errors
    /// `InvalidParameter` for a text that is no rules; what the database answers.
    pub async fn set<C: Calls>(&self, calls: &C, space: &str, text: &str) -> Result<StoredFileRules> {
        let rules = FileRules::parse(text)?;
        let set = json!({"space": space, "policy": text, "updatedAt": now_ms()});
        self.records.set(calls, space, set).await?;
        Ok(StoredFileRules { rules, text: text.to_owned() })
    }

    /// Removes the rules of a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn forget_space<C: Calls>(&self, calls: &C, space: &str) -> Result<()> {
        self.records.remove(calls, json!({"space": space})).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::Database;
    use super::*;

    #[tokio::test]
    async fn rules_are_kept_with_their_space() {
        let (policy, database) = (FilePolicy::default(), Database::default());
        let question = Question { operation: Operation::Read, path: "a".into(), owner: "ann".into(), user: String::new() };
        let stored = policy.stored(&database, "s").await.unwrap();
        assert_eq!((stored.text.as_str(), stored.rules.name()), (DEFAULT, "PUBLICREAD"));
        assert_eq!(FileRules::parse(DEFAULT).unwrap().name(), "PUBLICREAD");
        for _ in 0..10 {
            assert!(policy.allows(&database, "s", &question).await.unwrap());
        }
        assert_eq!(database.reads(), 2, "what is asked at every download is read once");
        let text = r#"{ "*" : {"*":false} }"#;
        policy.set(&database, "s", text).await.unwrap();
        assert!(!policy.allows(&database, "s", &question).await.unwrap());
        assert!(policy.allows(&database, "other", &question).await.unwrap());
        assert_eq!(policy.stored(&database, "s").await.unwrap().text, text, "as it was written");
        assert_eq!(policy.set(&database, "s", "{").await.unwrap_err().code(), "InvalidParameter");
        assert_eq!(policy.stored(&database, "s").await.unwrap().text, text, "a refusal changes nothing");
        policy.forget_space(&database, "s").await.unwrap();
        assert!(policy.allows(&database, "s", &question).await.unwrap());
    }

    #[tokio::test]
    async fn rules_that_cannot_be_read_let_nothing_through() {
        let (policy, database) = (FilePolicy::default(), Database::default());
        database.fail(true);
        let question = Question { operation: Operation::Read, path: "a".into(), owner: String::new(), user: String::new() };
        let error = policy.allows(&database, "s", &question).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (codes::UNAVAILABLE, true));
        assert_eq!(error.message(), "the rules for files cannot be read now");
    }
}
