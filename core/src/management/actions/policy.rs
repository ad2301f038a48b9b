//! The rules of collections (manual 3.2.2), for files (manual 4.1.2) and for cloud calls.
//!
//! Those of collections and for files have the same presets; for files they say the same of all
//! files. Cloud calls have one of their own, [`DEFAULT`]. Rules for files and for cloud calls are
//! of a whole space, so that they have no `CollectionName`.

use sdk_plugin::{Error, Result};
use serde_json::{Map, Value, json};

use crate::policy::cloudcall::{CallRules, DEFAULT, SERVICE};
use crate::policy::files::{FileRules, for_all_files};
use crate::policy::{EXTENDED, PRESETS, Rule, check_collection};

use super::super::{Context, parameters};
use super::{Answer, object};

/// What rules are for.
enum Service<'a> {
    /// A collection, or all that have no rule of their own.
    Database(Option<&'a str>),
    Files,
    CloudCalls,
}

pub async fn update(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let service = service(context)?;
    let (name, text) = (context.parameters.text("PolicyName"), context.parameters.text("Policy"));
    let router = &context.state.router;
    match service {
        Service::Database(collection) => {
            let collection = collection.ok_or_else(|| parameters::missing("CollectionName"))?;
            let stored = router.policy().set(router, &space, collection, &database_text(name, text)?).await?;
            Ok(shown(&space, &service, stored.rule.name(), &stored.text))
        }
        Service::Files => {
            let stored = router.policy().files().set(router, &space, &files_text(name, text)?).await?;
            Ok(shown(&space, &service, stored.rules.name(), &stored.text))
        }
        Service::CloudCalls => {
            let policy = router.policy().cloud_calls();
            match call_text(name, text)? {
                Some(text) => policy.set(router, &space, text).await?,
                None => policy.forget_space(router, &space).await?,
            }
            describe(context).await
        }
    }
}

pub async fn describe(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let service = service(context)?;
    let router = &context.state.router;
    match service {
        Service::Database(collection) => {
            let stored = router.policy().rule(router, &space, collection).await?;
            Ok(shown(&space, &service, stored.rule.name(), &stored.text))
        }
        Service::Files => {
            let stored = router.policy().files().stored(router, &space).await?;
            Ok(shown(&space, &service, stored.rules.name(), &stored.text))
        }
        Service::CloudCalls => {
            let text = router.policy().cloud_calls().text(router, &space).await?;
            let name = if text.is_some() { EXTENDED } else { DEFAULT };
            Ok(shown(&space, &service, name, &text.unwrap_or_else(CallRules::default_text)))
        }
    }
}

fn shown(space: &str, service: &Service<'_>, name: &str, text: &str) -> Map<String, Value> {
    let (service, collection) = match service {
        Service::Database(collection) => ("db", *collection),
        Service::Files => ("file", None),
        Service::CloudCalls => (SERVICE, None),
    };
    object(json!({"SpaceId": space, "ServiceName": service, "CollectionName": collection, "PolicyName": name, "Policy": text}))
}

fn service<'a>(context: &'a Context<'_>) -> Result<Service<'a>> {
    let collection = context.parameters.text("CollectionName");
    match (context.parameters.required("ServiceName")?, collection) {
        ("db", collection) => {
            let checked = collection.map(check_collection).transpose();
            checked.map_err(|e| parameters::invalid("CollectionName", e.message()))?;
            Ok(Service::Database(collection))
        }
        ("file", None) => Ok(Service::Files),
        ("file", Some(_)) => Err(parameters::invalid("CollectionName", "rules for files are of a whole space, and have no collection")),
        (SERVICE, None) => Ok(Service::CloudCalls),
        (SERVICE, Some(_)) => {
            Err(parameters::invalid("CollectionName", "rules for cloud calls are of a whole space, and have no collection"))
        }
        (other, _) => {
            let known = "`db` is for collections, `file` for files, `cloudcall` for cloud calls";
            Err(parameters::invalid("ServiceName", &format!("`{other}` has no rules; {known}")))
        }
    }
}

fn database_text(name: Option<&str>, text: Option<&str>) -> Result<String> {
    rules_text(name, text, |text| Rule::parse(text).map(Rule::name), |preset| preset.to_string())
}

fn files_text(name: Option<&str>, text: Option<&str>) -> Result<String> {
    rules_text(name, text, |text| FileRules::parse(text).map(|rules| rules.name()), for_all_files)
}

/// The text of rules for cloud calls; none when the space is to have none of its own.
fn call_text<'t>(name: Option<&str>, text: Option<&'t str>) -> Result<Option<&'t str>> {
    let is_default = name.is_some_and(|name| name.eq_ignore_ascii_case(DEFAULT));
    match (name, text) {
        (Some(name), _) if !is_default && !name.eq_ignore_ascii_case(EXTENDED) => {
            Err(parameters::invalid("PolicyName", &format!("`{name}` is neither {DEFAULT} nor {EXTENDED}")))
        }
        (_, None) if is_default => Ok(None),
        (_, None) => Err(parameters::missing("Policy")),
        (_, Some(_)) if is_default => Err(parameters::invalid("Policy", &format!("rules that are written are {EXTENDED}"))),
        (_, Some(text)) => CallRules::parse(text).map(|_| Some(text)).map_err(|e| parameters::invalid("Policy", e.message())),
    }
}

/// The text of the rules that a request names, writes, or both. `parse` says what a text is
/// called, `write` writes a preset.
fn rules_text(
    name: Option<&str>,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<&'static str>,
    write: impl Fn(Rule) -> String,
) -> Result<String> {
    let called = text.map(|text| parse(text).map_err(|e| parameters::invalid("Policy", e.message()))).transpose()?;
    match (name, text) {
        (None, None) => Err(parameters::missing("PolicyName")),
        (Some(name), None) if name.eq_ignore_ascii_case(EXTENDED) => Err(parameters::missing("Policy")),
        (None, Some(text)) => Ok(text.to_owned()),
        (Some(name), Some(text)) if name.eq_ignore_ascii_case(EXTENDED) => Ok(text.to_owned()),
        (Some(name), text) => {
            let preset = Rule::preset(name).ok_or_else(|| unknown(name))?;
            match text {
                None => Ok(write(preset)),
                Some(text) if called == Some(preset.name()) => Ok(text.to_owned()),
                Some(_) => Err(parameters::invalid("Policy", &format!("it is not what {name} stands for, which is {}", write(preset)))),
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
        assert_eq!(database_text(Some("ADMINWRITEONLY"), None).unwrap(), r#"{".read":true,".write":false}"#);
        assert_eq!(
            database_text(Some("PRIVATE"), None).unwrap(),
            r#"{".read":"request.auth.userId==resource.auth.userId",".write":"request.auth.userId==resource.auth.userId"}"#
        );
        let own = r#"{ "*" : true }"#;
        assert_eq!(database_text(Some("EXTENDED"), Some(own)).unwrap(), own);
        assert_eq!(database_text(None, Some(own)).unwrap(), own);
        let spaced = r#"{".write": false, ".read": true}"#;
        assert_eq!(database_text(Some("ADMINWRITEONLY"), Some(spaced)).unwrap(), spaced);
        for (name, rule, code) in [
            (None, None, "MissingParameter"),
            (Some("EXTENDED"), None, "MissingParameter"),
            (Some("EXTENDED"), Some("{}"), "InvalidParameter"),
            (Some("PRIVATE"), Some(own), "InvalidParameter"),
            (Some("NOSUCH"), None, "InvalidParameter"),
            (None, Some("true"), "InvalidParameter"),
        ] {
            assert_eq!(database_text(name, rule).unwrap_err().code(), code, "{name:?} {rule:?}");
        }
    }

    #[test]
    fn rules_for_cloud_calls_are_written_or_removed() {
        let own = r#"{ "cloudcall" : {"*":false} }"#;
        for name in [None, Some("EXTENDED"), Some("extended")] {
            assert_eq!(call_text(name, Some(own)).unwrap(), Some(own));
        }
        assert_eq!(call_text(Some("default"), None).unwrap(), None);
        for (name, text, code) in [
            (None, None, "MissingParameter"),
            (Some("EXTENDED"), None, "MissingParameter"),
            (Some("DEFAULT"), Some(own), "InvalidParameter"),
            (Some("PRIVATE"), None, "InvalidParameter"),
            (Some("PRIVATE"), Some(own), "InvalidParameter"),
            (None, Some(r#"{"*":false}"#), "InvalidParameter"),
        ] {
            assert_eq!(call_text(name, text).unwrap_err().code(), code, "{name:?} {text:?}");
        }
    }

    #[test]
    fn the_presets_say_the_same_of_all_files() {
        assert_eq!(files_text(Some("adminwriteonly"), None).unwrap(), r#"{"*":{".read":true,".write":false}}"#);
        let own = r#"{"file": {"*": {".write": "request.auth.userId == resource.auth.userId"}}}"#;
        for name in [None, Some("EXTENDED"), Some("PUBLICREAD")] {
            assert_eq!(files_text(name, Some(own)).unwrap(), own);
        }
        for (name, rules) in [(Some("PRIVATE"), own), (None, r#"{".read":true,".write":true}"#)] {
            assert_eq!(files_text(name, Some(rules)).unwrap_err().code(), "InvalidParameter", "{name:?} {rules}");
        }
    }
}
