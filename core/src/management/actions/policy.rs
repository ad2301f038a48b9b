//! The rules of collections (manual 3.2.2).

use sdk_plugin::{Error, Result};
use serde_json::json;

use crate::policy::{EXTENDED, PRESETS, Rule, Stored, check_collection};

use super::super::{Context, parameters};
use super::{Answer, object};

/// `ServiceName` of the rules for collections.
const DATABASE: &str = "db";

pub async fn update(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    service(context)?;
    let collection = collection(context.parameters.required("CollectionName")?)?;
    let text = text(context.parameters.text("PolicyName"), context.parameters.text("Policy"))?;
    let router = &context.state.router;
    Ok(shown(&space, Some(collection), router.policy().set(router, &space, collection, &text).await?))
}

pub async fn describe(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    service(context)?;
    let collection = context.parameters.text("CollectionName").map(collection).transpose()?;
    let router = &context.state.router;
    Ok(shown(&space, collection, router.policy().rule(router, &space, collection).await?))
}

fn shown(space: &str, collection: Option<&str>, stored: Stored) -> serde_json::Map<String, serde_json::Value> {
    object(json!({
        "SpaceId": space,
        "ServiceName": DATABASE,
        "CollectionName": collection,
        "PolicyName": stored.rule.name(),
        "Policy": stored.text,
    }))
}

fn service(context: &Context<'_>) -> Result<()> {
    match context.parameters.required("ServiceName")? {
        DATABASE => Ok(()),
        "file" => Err(parameters::invalid("ServiceName", "rules for files are not supported yet; `db` is for collections")),
        other => Err(parameters::invalid("ServiceName", &format!("`{other}` has no rules; `db` is for collections"))),
    }
}

fn collection(name: &str) -> Result<&str> {
    check_collection(name).map_err(|e| parameters::invalid("CollectionName", e.message()))?;
    Ok(name)
}

/// The text of the rule that a request names, writes, or both.
fn text(name: Option<&str>, text: Option<&str>) -> Result<String> {
    let rule = text.map(|text| Rule::parse(text).map_err(|e| parameters::invalid("Policy", e.message()))).transpose()?;
    match (name, text) {
        (None, None) => Err(parameters::missing("PolicyName")),
        (Some(name), None) if name.eq_ignore_ascii_case(EXTENDED) => Err(parameters::missing("Policy")),
        (None, Some(text)) => Ok(text.to_owned()),
        (Some(name), Some(text)) if name.eq_ignore_ascii_case(EXTENDED) => Ok(text.to_owned()),
        (Some(name), text) => {
            let preset = Rule::preset(name).ok_or_else(|| unknown(name))?;
            match text {
                None => Ok(preset.to_string()),
                Some(text) if rule == Some(preset) => Ok(text.to_owned()),
                Some(_) => Err(parameters::invalid("Policy", &format!("it is not what {name} stands for, which is {preset}"))),
            }
        }
    }
}

fn unknown(name: &str) -> Error {
    let names = PRESETS.map(|preset| preset.name).join(", ");
    parameters::invalid("PolicyName", &format!("`{name}` is none of {names} and {EXTENDED}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_or_written() {
        assert_eq!(text(Some("ADMINWRITEONLY"), None).unwrap(), r#"{".read":true,".write":false}"#);
        assert_eq!(
            text(Some("PRIVATE"), None).unwrap(),
            r#"{".read":"request.auth.userId==resource.auth.userId",".write":"request.auth.userId==resource.auth.userId"}"#
        );
        let own = r#"{ "*" : true }"#;
        assert_eq!(text(Some("EXTENDED"), Some(own)).unwrap(), own);
        assert_eq!(text(None, Some(own)).unwrap(), own);
        let spaced = r#"{".write": false, ".read": true}"#;
        assert_eq!(text(Some("ADMINWRITEONLY"), Some(spaced)).unwrap(), spaced);
        for (name, rule, code) in [
            (None, None, "MissingParameter"),
            (Some("EXTENDED"), None, "MissingParameter"),
            (Some("EXTENDED"), Some("{}"), "InvalidParameter"),
            (Some("PRIVATE"), Some(own), "InvalidParameter"),
            (Some("NOSUCH"), None, "InvalidParameter"),
            (None, Some("true"), "InvalidParameter"),
        ] {
            assert_eq!(text(name, rule).unwrap_err().code(), code, "{name:?} {rule:?}");
        }
    }
}
