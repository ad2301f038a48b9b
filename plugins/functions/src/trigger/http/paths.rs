//! The paths that a space's functions have taken: a record for each, so that two functions can
//! never have the same.

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;

use crate::record::Function;
use crate::service::{Edge, Service};

/// How often a path is tried for when others are changing it.
const ATTEMPTS: usize = 5;

/// A path that is taken. Its `_id` is the space's id and the path.
#[derive(Deserialize)]
struct Taken {
    function: String,
}

fn id(space: &str, path: &str) -> String {
    format!("{space}{path}")
}

impl<E: Edge> Service<E> {
    /// Takes a path for a function.
    ///
    /// # Errors
    /// `InvalidParameter` when another function has it, or what the database answers.
    pub(crate) async fn take_path(&self, space: &str, name: &str, path: &str) -> Result<()> {
        let paths = &self.triggers.paths;
        let id = id(space, path);
        for _ in 0..ATTEMPTS {
            if paths.insert(json!({"_id": id, "spaceId": space, "function": name})).await? {
                return Ok(());
            }
            let Some(Taken { function: other }) = paths.get(&id).await? else { continue };
            if other == name {
                return Ok(());
            }
            let holder: Option<Function> = self.functions.get(&Function::id(space, &other)).await?;
            if holder.is_some_and(|holder| holder.http_path == path) {
                let message = format!("HttpTriggerPath `{path}` belongs to the function `{other}` already");
                return Err(Error::new(INVALID_PARAMETER, message));
            }
            // A change that failed halfway left it behind.
            paths.delete(json!({"_id": id, "function": other})).await?;
        }
        Err(Error::new(sdk_plugin::codes::CONFLICT, "the path is being changed by somebody else; try again").retryable())
    }

    /// Gives back every path of a function but one.
    ///
    /// # Errors
    /// What the database answers.
    pub(crate) async fn keep_path(&self, space: &str, name: &str, path: &str) -> Result<()> {
        let others = json!({"spaceId": space, "function": name, "_id": {"$ne": id(space, path)}});
        self.triggers.paths.delete(others).await.map(drop)
    }

    /// The name of the function that a path triggers.
    pub(super) async fn name_at(&self, space: &str, path: &str) -> Result<Option<String>> {
        let Some(Taken { function: name }) = self.triggers.paths.get(&id(space, path)).await? else { return Ok(None) };
        // What was taken counts only once the function's record says so, too.
        let function: Option<Function> = self.functions.get(&Function::id(space, &name)).await?;
        Ok(function.filter(|function| function.http_path == path).map(|function| function.name))
    }
}
