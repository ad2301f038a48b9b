//! Actions of our own: any method as an administrator, and the plugins of the server.

use sdk_plugin::Error;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::{Context, parameters};
use super::{Answer, object};

pub async fn call_method(context: &Context<'_>) -> Answer {
    let method = context.parameters.required("Method")?;
    let params = context.parameters.text("Params").unwrap_or("{}");
    serde_json::from_str::<&RawValue>(params).map_err(|e| parameters::invalid("Params", &format!("it is not JSON: {e}")))?;
    let space = if context.parameters.text("SpaceId").is_some() { context.space().await? } else { String::new() };
    let reply = context.call(&space, method, params.into()).await?;
    let result = std::str::from_utf8(&reply.data).map_err(Error::internal)?;
    Ok(object(json!({"Result": if result.is_empty() { "null" } else { result }})))
}

pub async fn list_plugins(context: &Context<'_>) -> Answer {
    let reply = context.call("", "core.plugins", b"{}".to_vec()).await?;
    Ok(pascal(reply.decode()?))
}

pub async fn reload_plugin(context: &Context<'_>) -> Answer {
    let params = serde_json::to_vec(&json!({"id": context.parameters.required("PluginId")?})).map_err(Error::internal)?;
    context.call("", "core.reloadPlugin", params).await?;
    Ok(object(json!({})))
}

/// An object with its keys, and those of the objects in it, in PascalCase.
fn pascal(map: Map<String, Value>) -> Map<String, Value> {
    let name = |key: String| {
        let mut letters = key.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    map.into_iter().map(|(key, value)| (name(key), pascal_value(value))).collect()
}

fn pascal_value(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(pascal(map)),
        Value::Array(items) => items.into_iter().map(pascal_value).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_pascal_case_at_every_depth() {
        let map = object(json!({"plugins": [{"id": "db", "methods": ["aB"]}], "": 1}));
        assert_eq!(Value::Object(pascal(map)), json!({"Plugins": [{"Id": "db", "Methods": ["aB"]}], "": 1}));
    }
}
