//! When two answers are the same.

use serde_json::{Number, Value};

/// Whether two values are equal; 1 and 1.0 are, and the order of fields does not count.
pub(super) fn same(expected: &Value, answered: &Value) -> bool {
    match (expected, answered) {
        (Value::Object(expected), Value::Object(answered)) => {
            expected.len() == answered.len()
                && expected.iter().all(|(name, value)| answered.get(name).is_some_and(|other| same(value, other)))
        }
        _ => alike(expected, answered, same),
    }
}

/// As [`same`], where objects of the answer may have further fields.
pub(super) fn includes(expected: &Value, answered: &Value) -> bool {
    match (expected, answered) {
        (Value::Object(expected), Value::Object(answered)) => {
            expected.iter().all(|(name, value)| answered.get(name).is_some_and(|other| includes(value, other)))
        }
        _ => alike(expected, answered, includes),
    }
}

fn alike(expected: &Value, answered: &Value, fits: fn(&Value, &Value) -> bool) -> bool {
    match (expected, answered) {
        (Value::Number(expected), Value::Number(answered)) => equal(expected, answered),
        (Value::Array(expected), Value::Array(answered)) => {
            expected.len() == answered.len() && expected.iter().zip(answered).all(|(one, other)| fits(one, other))
        }
        _ => expected == answered,
    }
}

fn equal(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// The values sorted by their text, to compare answers whose order the contract leaves open.
pub(super) fn in_any_order(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_cached_key(Value::to_string);
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_by_value_and_objects_by_fields() {
        assert!(same(&json!({"a": 1, "b": [2]}), &json!({"b": [2.0], "a": 1})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": 2})));
        assert!(includes(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])));
        assert!(!includes(&json!([1]), &json!([1, 2])));
        assert!(!same(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
    }
}
