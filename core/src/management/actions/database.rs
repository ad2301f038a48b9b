//! `RunDBCommand`: a database command of an administrator, which no rule of the space restricts.

use std::collections::BTreeMap;

use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::super::{Context, parameters};
use super::{Answer, object};

#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "affectedDocs", default)]
    affected: u64,
    #[serde(default)]
    result: Option<Box<RawValue>>,
}

pub async fn run_command(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let params = command(context.parameters.required("Body")?)?;
    let outcome: Outcome = context.call(&space, EXECUTE, params).await?.decode()?;
    let result = outcome.result.as_ref().map_or("null", |result| result.get());
    Ok(object(json!({"AffectedDocs": outcome.affected, "Result": result})))
}

/// The command with the `options` that the SDKs always send. Values keep the text they have, so
/// that no number loses digits.
fn command(body: &str) -> Result<Vec<u8>> {
    let mut command: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(body).map_err(|e| parameters::invalid("Body", &format!("it is not a JSON object: {e}")))?;
    if !command.contains_key("command") {
        return Err(parameters::invalid("Body", "it has no `command`"));
    }
    if !command.contains_key("options") {
        command.insert("options".to_owned(), RawValue::from_string("{}".to_owned()).map_err(Error::internal)?);
    }
    serde_json::to_vec(&command).map_err(Error::internal)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_options_and_keeps_its_numbers() {
        let params = command(r#"{"command":"insertOne","collection":"c","doc":{"n":12345678901234567890.10}}"#).unwrap();
        assert_eq!(
            String::from_utf8(params).unwrap(),
            r#"{"collection":"c","command":"insertOne","doc":{"n":12345678901234567890.10},"options":{}}"#
        );
        let params = command(r#"{"command":"find","options":{"limit":1}}"#).unwrap();
        assert_eq!(String::from_utf8(params).unwrap(), r#"{"command":"find","options":{"limit":1}}"#);
        for bad in ["", "[]", "{}", "{\"command\":"] {
            assert_eq!(command(bad).unwrap_err().code(), "InvalidParameter", "{bad}");
        }
    }
}
