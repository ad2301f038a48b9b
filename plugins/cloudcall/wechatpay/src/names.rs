//! Names of fields: snake_case at the gateway, camelCase in apps.

use serde_json::{Map, Value};

/// A value whose objects have their keys in camelCase.
pub fn camel(value: Value) -> Value {
    convert(value, &|key| {
        let mut words = key.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        }
        name
    })
}

/// A value whose objects have their keys in snake_case.
pub fn snake(value: Value) -> Value {
    convert(value, &|key| {
        let mut name = String::with_capacity(key.len() + 4);
        for letter in key.chars() {
            if letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    })
}

/// Values come from JSON text, whose reader bounds their depth.
fn convert(value: Value, name: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (name(&key), convert(value, name))).collect::<Map<_, _>>()),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| convert(item, name)).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_change_and_values_do_not() {
        let apart = json!({"scene_info": {"payer_client_ip": "a_b"}, "goods_detail": [{"unit_price": 1}], "attach": null});
        let joined = json!({"sceneInfo": {"payerClientIp": "a_b"}, "goodsDetail": [{"unitPrice": 1}], "attach": null});
        assert_eq!(camel(apart.clone()), joined);
        assert_eq!(snake(joined), apart);
        assert_eq!(snake(apart.clone()), apart);
    }
}
