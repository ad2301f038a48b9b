//! Commands of the database whose documents may be large: they are encoded and decoded on threads
//! for such.

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Caller, CallerKind, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::state::blocking;

/// What the database answers.
#[derive(Debug, Deserialize)]
pub struct Answer<T> {
    /// How many documents were changed.
    #[serde(rename = "affectedDocs", default)]
    pub affected: u64,
    /// What was asked for.
    #[serde(default = "Option::default")]
    pub result: Option<T>,
}

/// Executes a command on a collection of the system space.
///
/// # Errors
/// What making the parameters gives, or the database answers.
pub async fn execute<C: Calls, T: DeserializeOwned + Send + 'static>(
    calls: &C,
    collection: &'static str,
    command: &'static str,
    params: impl FnOnce() -> Result<Value> + Send + 'static,
) -> Result<Answer<T>> {
    let encode = move || {
        let mut params = params()?;
        (params["collection"], params["command"]) = (collection.into(), command.into());
        if params.get("options").is_none() {
            params["options"] = json!({});
        }
        Call::json(SYSTEM_SPACE, EXECUTE, &params)
    };
    let mut call = blocking(encode).await??;
    call.caller = Caller::of(CallerKind::System);
    let reply = calls.make(call).await?;
    blocking(move || reply.decode()).await?
}
