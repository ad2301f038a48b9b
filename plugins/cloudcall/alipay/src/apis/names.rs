//! Names in `camelCase`, as apps write them, and in `snake_case`, as the gateway does.

use serde_json::{Map, Value};

/// `outTradeNo` as `out_trade_no`.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
            snake.push(c.to_ascii_lowercase());
        } else {
            snake.push(c);
        }
    }
    snake
}

/// `out_trade_no` as `outTradeNo`.
pub fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut up = false;
    for c in name.chars() {
        match c {
            '_' if !camel.is_empty() => up = true,
            c if up => {
                camel.push(c.to_ascii_uppercase());
                up = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// The same with all keys in `snake_case`; values stay as they are.
pub fn snake_keys(value: Value) -> Value {
    renamed(value, snake)
}

/// The same with all keys in `camelCase`.
pub fn camel_keys(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (camel(&name), renamed(value, camel))).collect()
}

/// JSON is nested no deeper than its parser allows, which bounds this.
fn renamed(value: Value, rename: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (rename(&name), renamed(value, rename))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| renamed(item, rename)).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_change_and_values_do_not() {
        for (snakes, camels) in
            [("out_trade_no", "outTradeNo"), ("hb_fq_num", "hbFqNum"), ("code", "code"), ("qr_code_url_circle_blue", "qrCodeUrlCircleBlue")]
        {
            assert_eq!((camel(snakes).as_str(), snake(camels).as_str()), (camels, snakes));
        }
        assert_eq!((snake("out_trade_no"), camel("outTradeNo")), ("out_trade_no".to_owned(), "outTradeNo".to_owned()));
        assert_eq!(snake_keys(json!({"aB": [{"cD": "eF"}], "g_h": 1})), json!({"a_b": [{"c_d": "eF"}], "g_h": 1}));
    }
}
