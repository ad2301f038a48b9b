//! `mpcloud db index`.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::call::parse_json;
use super::super::output::{table, text};
use super::super::{Failure, Options};
use super::collections::run;

/// The commands on indexes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the indexes of a collection
    List(Collection),
    /// Make an index, over the documents that are there too
    #[command(after_help = "Examples:
  mpcloud db index create users '{\"phone\":1}' --space ID --unique
  mpcloud db index create shops '{\"place\":\"2dsphere\"}' --space ID")]
    Create {
        #[command(flatten)]
        collection: Collection,
        /// The fields, and 1, -1 or "2dsphere" for each
        #[arg(value_name = "KEY_JSON")]
        key: String,
        /// No two documents may have the same values
        #[arg(long)]
        unique: bool,
        /// The index's name; made of its fields by default
        #[arg(long)]
        name: Option<String>,
    },
    /// Remove an index
    Drop {
        #[command(flatten)]
        collection: Collection,
        /// The index's name
        name: String,
    },
}

/// Names a collection.
#[derive(Debug, Args)]
pub struct Collection {
    /// The collection's name
    collection: String,
    /// The space's id
    #[arg(long, value_name = "ID")]
    space: String,
}

/// An index to make. The key stays the text it is, as the order of its fields counts.
#[derive(Serialize)]
struct Spec<'a> {
    key: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unique: bool,
}

#[derive(Serialize)]
struct CreateIndexes<'a> {
    command: &'a str,
    collection: &'a str,
    indexes: [Spec<'a>; 1],
}

impl Command {
    pub fn run(self, options: &Options) -> Result<(), Failure> {
        let (client, output) = (options.client()?, options.output());
        match self {
            Self::List(Collection { collection, space }) => {
                let body = json!({"command": "listIndexes", "collection": collection}).to_string();
                let reply = client.call("RunDBCommand", &[("SpaceId", &space), ("Body", &body)])?;
                let listed = text(&reply, &["Result"]);
                let not_json = |e: serde_json::Error| Failure::new(format!("the server's answer is not JSON: {e}"));
                let indexes: Vec<Box<RawValue>> = serde_json::from_str(&listed).map_err(not_json)?;
                output.result(&json_list(&indexes), || {
                    table(&["NAME", "KEY", "UNIQUE"], &indexes.iter().map(|one| row(one)).collect::<Vec<_>>())
                })
            }
            Self::Create { collection: Collection { collection, space }, key, unique, name } => {
                parse_json("the key", &key)?;
                let key: &RawValue = serde_json::from_str(&key).map_err(|e| Failure::usage(e.to_string()))?;
                let indexes = [Spec { key, name: name.as_deref(), unique }];
                let command = CreateIndexes { command: "createIndexes", collection: &collection, indexes };
                let body = serde_json::to_string(&command).map_err(|e| Failure::new(e.to_string()))?;
                let reply = client.call("RunDBCommand", &[("SpaceId", &space), ("Body", &body)])?;
                let result: Value = serde_json::from_str(&text(&reply, &["Result"])).unwrap_or_default();
                let count = |key: &str| result.get(key).and_then(Value::as_u64).unwrap_or_default();
                let made = count("numIndexesAfter").saturating_sub(count("numIndexesBefore"));
                output.result(&json!({"collection": collection, "made": made}), || {
                    if made == 0 { "the index was there already".to_owned() } else { format!("made an index of {collection}") }
                })
            }
            Self::Drop { collection: Collection { collection, space }, name } => {
                run(&client, &space, &json!({"command": "dropIndexes", "collection": collection, "index": name}))?;
                output.result(&json!({"collection": collection, "index": name}), || format!("removed the index {name} of {collection}"))
            }
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    indexes: &'a [Box<RawValue>],
}

fn json_list(indexes: &[Box<RawValue>]) -> Listed<'_> {
    Listed { indexes }
}

fn row(index: &RawValue) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Index<'a> {
        #[serde(default)]
        name: String,
        #[serde(borrow)]
        key: &'a RawValue,
        #[serde(default)]
        unique: bool,
    }
    match serde_json::from_str::<Index>(index.get()) {
        Ok(index) => vec![index.name, index.key.get().to_owned(), if index.unique { "yes".to_owned() } else { String::new() }],
        Err(_) => vec![index.get().to_owned()],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_their_fields() {
        let raw = RawValue::from_string(r#"{"v":2,"key":{"z":1,"a":-1},"name":"z_1_a_-1","unique":true}"#.to_owned()).unwrap();
        assert_eq!(row(&raw), ["z_1_a_-1", r#"{"z":1,"a":-1}"#, "yes"]);
        let key: &RawValue = serde_json::from_str(r#"{"z":1,"a":-1}"#).unwrap();
        assert_eq!(serde_json::to_string(&Spec { key, name: None, unique: false }).unwrap(), r#"{"key":{"z":1,"a":-1}}"#);
    }
}
