//! Values as JSON text from which they can be read back: Extended JSON version 2, relaxed where
//! `mql::json` reads the same value from it, canonical where it would not.
//!
//! | type | text |
//! | --- | --- |
//! | int | `5` |
//! | long | `5000000000`; `{"$numberLong":"5"}` where an int would be read, or JavaScript loses digits |
//! | double | `0.5`, `5.0`; `{"$numberDouble":"NaN"}` |
//! | decimal | `{"$numberDecimal":"1.10"}` |
//! | date | `{"$date":"2020-01-01T00:00:00.000Z"}`; `{"$date":{"$numberLong":"-1"}}` outside of 1970–9999 |
//! | ObjectId | `{"$oid":"0123456789abcdef01234567"}` |
//! | binary | `{"$binary":{"base64":"AQI=","subType":"00"}}` |
//!
//! One thing cannot be told: a text of exactly the form `2020-01-01T00:00:00.000Z` is read back as
//! a date, as it is everywhere in this database.

use bson::{Bson, Document};
use mql::{iso, json};

/// Whole numbers that JavaScript knows exactly.
const EXACT: u64 = 1 << 53;
/// The first millisecond of the year 10000.
const YEAR_10000: i64 = 253_402_300_800_000;

/// Writes a document.
pub fn document(doc: &Document, out: &mut Vec<u8>) {
    out.push(b'{');
    for (i, (key, inner)) in doc.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json::string(key, out);
        out.push(b':');
        value(inner, out);
    }
    out.push(b'}');
}

/// Writes a value.
pub fn value(value: &Bson, out: &mut Vec<u8>) {
    match value {
        Bson::Document(doc) => document(doc, out),
        Bson::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                self::value(item, out);
            }
            out.push(b']');
        }
        Bson::Int64(n) if i32::try_from(*n).is_ok() || n.unsigned_abs() > EXACT => wrapped("$numberLong", &n.to_string(), out),
        Bson::Double(n) => match plain(*n) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => wrapped("$numberDouble", &double(*n), out),
        },
        Bson::ObjectId(id) => wrapped("$oid", &id.to_hex(), out),
        Bson::DateTime(date) => {
            let millis = date.timestamp_millis();
            if (0..YEAR_10000).contains(&millis) {
                return wrapped("$date", &iso::format(millis), out);
            }
            out.extend_from_slice(br#"{"$date":"#);
            wrapped("$numberLong", &millis.to_string(), out);
            out.push(b'}');
        }
        Bson::Symbol(text) => wrapped("$symbol", text, out),
        Bson::Undefined => out.extend_from_slice(br#"{"$undefined":true}"#),
        Bson::JavaScriptCodeWithScope(code) => {
            out.extend_from_slice(br#"{"$code":"#);
            json::string(&code.code, out);
            out.extend_from_slice(br#","$scope":"#);
            document(&code.scope, out);
            out.push(b'}');
        }
        // What is left has one form only.
        other => json::write(other, out),
    }
}

/// A double as a JSON number, if the same double is read from it.
pub fn plain(n: f64) -> Option<String> {
    let text = format!("{n:?}");
    serde_json::from_str::<f64>(&text).is_ok_and(|read| read.to_bits() == n.to_bits()).then_some(text)
}

/// A double as a text.
pub fn double(n: f64) -> String {
    match n {
        n if n.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        n => format!("{n:?}"),
    }
}

fn wrapped(key: &str, text: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    json::string(key, out);
    out.push(b':');
    json::string(text, out);
    out.push(b'}');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;
    use bson::oid::ObjectId;

    use super::*;

    fn text(doc: &Document) -> String {
        let mut out = Vec::new();
        document(doc, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_their_types() {
        let doc = doc! {
            "int": 5, "long": 5_i64, "large": 5_000_000_000_i64, "huge": i64::MAX, "double": 5.0, "zero": -0.0, "tiny": 1e-300,
            "infinite": f64::NEG_INFINITY,
        };
        let written = text(&doc);
        assert_eq!(
            written,
            r#"{"int":5,"long":{"$numberLong":"5"},"large":5000000000,"huge":{"$numberLong":"9223372036854775807"},"double":5.0,"zero":-0.0,"tiny":1e-300,"infinite":{"$numberDouble":"-Infinity"}}"#
        );
        assert_eq!(json::document(written.as_bytes()).unwrap(), doc);
    }

    #[test]
    fn what_json_lacks_is_extended_json() {
        let id = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
        let doc = doc! {
            "_id": id, "date": bson::DateTime::from_millis(0), "old": bson::DateTime::from_millis(-1),
            "far": bson::DateTime::from_millis(YEAR_10000), "none": Bson::Null, "gone": Bson::Undefined,
        };
        let written = text(&doc);
        assert_eq!(
            written,
            r#"{"_id":{"$oid":"0123456789abcdef01234567"},"date":{"$date":"1970-01-01T00:00:00.000Z"},"old":{"$date":{"$numberLong":"-1"}},"far":{"$date":{"$numberLong":"253402300800000"}},"none":null,"gone":{"$undefined":true}}"#
        );
        assert_eq!(json::document(written.as_bytes()).unwrap(), doc);
    }
}
