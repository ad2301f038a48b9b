//! The Extended JSON between the test and mingo's process.

use bson::{Bson, DateTime, Document, Regex, oid::ObjectId};
use serde_json::Value;

/// Writes a value so that it says its type. Keys are sorted if asked for.
pub fn write(value: &Bson, sorted: bool, out: &mut String) {
    match value {
        Bson::Document(doc) => document(doc, sorted, out),
        Bson::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                // As in JSON, an array has null where there is nothing.
                write(if matches!(item, Bson::Undefined) { &Bson::Null } else { item }, sorted, out);
            }
            out.push(']');
        }
        Bson::Null => out.push_str("null"),
        Bson::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Bson::Int32(n) => out.push_str(&n.to_string()),
        Bson::Int64(n) if sorted => out.push_str(&n.to_string()),
        Bson::Int64(n) => out.push_str(&format!(r#"{{"$numberLong":"{n}"}}"#)),
        Bson::Double(n) if !n.is_finite() => {
            let name = if n.is_nan() {
                "NaN"
            } else if *n > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            out.push_str(&format!(r#"{{"$numberDouble":"{name}"}}"#));
        }
        Bson::Double(n) if sorted && n.fract() == 0.0 && n.abs() < 1e15 => out.push_str(&format!("{}", *n as i64)),
        Bson::Double(n) => out.push_str(&format!("{n:?}")),
        Bson::String(text) => string(text, out),
        Bson::DateTime(date) => out.push_str(&format!(r#"{{"$date":{{"$numberLong":"{}"}}}}"#, date.timestamp_millis())),
        Bson::ObjectId(id) => out.push_str(&format!(r#"{{"$oid":"{id}"}}"#)),
        Bson::RegularExpression(regex) => {
            out.push_str(r#"{"$regularExpression":{"options":"#);
            string(regex.options.as_str(), out);
            out.push_str(r#","pattern":"#);
            string(regex.pattern.as_str(), out);
            out.push_str("}}");
        }
        Bson::Undefined => out.push_str(r#"{"$undefined":true}"#),
        other => out.push_str(&format!(r#"{{"$other":"{}"}}"#, other.to_string().replace(['"', '\\'], "'"))),
    }
}

fn document(doc: &Document, sorted: bool, out: &mut String) {
    let mut entries: Vec<(&String, &Bson)> = doc.iter().collect();
    if sorted {
        entries.retain(|(_, value)| !matches!(value, Bson::Undefined));
        entries.sort_by_key(|(key, _)| *key);
    }
    out.push('{');
    for (i, (key, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        string(key, out);
        out.push(':');
        write(value, sorted, out);
    }
    out.push('}');
}

fn string(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// The value that a text of [`write`] or of mingo's process says.
pub fn read(text: &str) -> Bson {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    decode(&value)
}

fn decode(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(*value),
        Value::String(text) => Bson::String(text.clone()),
        Value::Array(items) => Bson::Array(items.iter().map(decode).collect()),
        Value::Number(n) => match n.as_i64() {
            Some(n) => i32::try_from(n).map_or(Bson::Int64(n), Bson::Int32),
            None => Bson::Double(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::Object(entries) => {
            if let (1, Some((key, inner))) = (entries.len(), entries.iter().next())
                && let Some(special) = special(key, inner)
            {
                return special;
            }
            Bson::Document(entries.iter().map(|(key, value)| (key.clone(), decode(value))).collect())
        }
    }
}

fn special(key: &str, inner: &Value) -> Option<Bson> {
    Some(match key {
        "$oid" => Bson::ObjectId(ObjectId::parse_str(inner.as_str()?).ok()?),
        "$numberLong" => Bson::Int64(inner.as_str()?.parse().ok()?),
        "$numberDouble" => Bson::Double(inner.as_str()?.parse().ok()?),
        "$undefined" => Bson::Undefined,
        "$date" => match inner.get("$numberLong")?.as_str()?.parse() {
            Ok(millis) => Bson::DateTime(DateTime::from_millis(millis)),
            Err(_) => Bson::String("Invalid Date".to_owned()),
        },
        "$regularExpression" => {
            let part = |name| inner.get(name).and_then(Value::as_str).map(str::to_owned);
            Bson::RegularExpression(Regex { pattern: part("pattern")?.try_into().ok()?, options: part("options")?.try_into().ok()? })
        }
        _ => return None,
    })
}
