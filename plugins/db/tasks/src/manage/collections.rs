//! Renaming and deleting collections.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::operations::NAMESPACE_EXISTS;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{as_management, required};
use crate::service::Service;

/// The parameters of `RenameDBCollection`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RenameParams {
    #[serde(default)]
    origin_collection: String,
    #[serde(default)]
    new_collection: String,
}

/// The parameters of `DeleteDBCollection`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParams {
    #[serde(default)]
    body: String,
}

/// The collection that a body names: `{"collection": NAME}`, a JSON text, or the name as it is.
fn named(body: &str) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        Object { collection: String },
        Name(String),
    }
    match serde_json::from_str(body) {
        Ok(Body::Object { collection: name } | Body::Name(name)) => required("Body", &name).map(str::to_owned),
        Err(_) if body.trim_start().starts_with(['{', '[', '"']) => {
            Err(sdk_plugin::Error::new(INVALID_PARAMETER, r#"Body must be JSON such as {"collection":"NAME"}"#))
        }
        Err(_) => Ok(body.trim().to_owned()),
    }
}

impl<C: Calls> Service<C> {
    /// `RenameDBCollection`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidCollection.NotFound`,
    /// `InvalidCollection.AlreadyExists`, or what the database answers.
    pub async fn rename_collection(&self, space: &str, params: RenameParams) -> Result<Value> {
        let from = required("OriginCollection", &params.origin_collection)?;
        let to = required("NewCollection", &params.new_collection)?;
        let renamed = self.database(space).rename(from, to).await;
        renamed.map_err(|error| {
            let about = if error.code() == NAMESPACE_EXISTS { to } else { from };
            as_management(error, about)
        })?;
        Ok(json!({}))
    }

    /// `DeleteDBCollection`.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidCollection.NotFound`, or what the database answers.
    pub async fn delete_collection(&self, space: &str, params: DeleteParams) -> Result<Value> {
        let name = named(required("Body", &params.body)?)?;
        self.database(space).drop_collection(&name).await.map_err(|error| as_management(error, &name))?;
        Ok(json!({}))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_a_collection_in_three_ways() {
        for body in [r#"{"collection":"users"}"#, r#"{"collection":"users","options":{}}"#, r#""users""#, "users", " users "] {
            assert_eq!(named(body).unwrap(), "users", "{body}");
        }
        assert_eq!(named("123").unwrap(), "123");
        for body in ["{", "{}", "[]", "\"users", r#"{"collection":1}"#, "\"\""] {
            assert!(named(body).is_err(), "{body}");
        }
    }
}
