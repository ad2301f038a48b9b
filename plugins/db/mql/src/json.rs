//! JSON as the mini-program SDK sends and expects it.
//!
//! In: objects keep the order of their keys, integers become the smallest of int32, int64 and
//! double that holds them, texts of exactly the form `YYYY-MM-DDTHH:mm:ss.sssZ` become dates
//! (see [`iso`]), and Extended JSON, canonical and relaxed, becomes the type it stands for.
//!
//! Out: ObjectIds are texts of 24 hexadecimal digits, dates have the form above, numbers are JSON
//! numbers (a double that is no number is `null`), types that JSON lacks are Extended JSON.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bson::raw::RawBsonRef;
use bson::spec::BinarySubtype;
use bson::{Bson, DateTime, Document, RawDocument};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Code, Error, Result};
use crate::{extjson, iso};

/// A value that is read from JSON by the rules of this module, for use in `serde` structs.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Bson);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Bson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Bson, E> {
        Ok(i32::try_from(v).map_or(Bson::Int64(v), Bson::Int32))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Bson, E> {
        Ok(match (i32::try_from(v), i64::try_from(v)) {
            (Ok(n), _) => Bson::Int32(n),
            (_, Ok(n)) => Bson::Int64(n),
            _ => Bson::Double(v as f64),
        })
    }

    fn visit_f64<E>(self, v: f64) -> Result<Bson, E> {
        Ok(Bson::Double(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Bson, E> {
        Ok(iso::parse(v).map_or_else(|| Bson::String(v.to_owned()), date))
    }

    fn visit_string<E>(self, v: String) -> Result<Bson, E> {
        Ok(iso::parse(&v).map_or(Bson::String(v), date))
    }

    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bson, A::Error> {
        let mut items = Vec::new();
        while let Some(Json(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Bson::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bson, A::Error> {
        let mut doc = Document::new();
        while let Some((key, Json(value))) = map.next_entry::<String, Json>()? {
            if key.contains('\0') {
                return Err(de::Error::custom("a field name must not contain the character U+0000"));
            }
            doc.insert(key, value);
        }
        extjson::decode(doc).map_err(de::Error::custom)
    }
}

fn date(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

/// Reads a value.
///
/// # Errors
/// `FailedToParse` when the text is not JSON, is nested deeper than 128 levels, or holds Extended
/// JSON of a wrong form.
pub fn value(json: &[u8]) -> Result<Bson> {
    let Json(value) = serde_json::from_slice(json).map_err(|e| Error::parse(e.to_string()))?;
    Ok(value)
}

/// Reads a document.
///
/// # Errors
/// As [`value`], and `TypeMismatch` when it is not an object.
pub fn document(json: &[u8]) -> Result<Document> {
    match value(json)? {
        Bson::Document(doc) => Ok(doc),
        _ => Err(Error::new(Code::TypeMismatch, "a document is expected")),
    }
}

/// Writes a value.
pub fn write(value: &Bson, out: &mut Vec<u8>) {
    match value {
        Bson::Document(doc) => write_document(doc, out),
        Bson::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Bson::Double(n) => number(*n, out),
        Bson::String(text) | Bson::Symbol(text) => string(text, out),
        Bson::Boolean(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Bson::Null | Bson::Undefined => out.extend_from_slice(b"null"),
        Bson::Int32(n) => integer(i64::from(*n), out),
        Bson::Int64(n) => integer(*n, out),
        Bson::ObjectId(id) => ascii(&id.to_hex(), out),
        Bson::DateTime(date) => ascii(&iso::format(date.timestamp_millis()), out),
        Bson::Decimal128(n) => wrapped("$numberDecimal", &n.to_string(), out),
        Bson::Binary(b) => binary(b.subtype, &b.bytes, out),
        Bson::RegularExpression(r) => regex(r.pattern.as_str(), r.options.as_str(), out),
        Bson::Timestamp(t) => timestamp(t.time, t.increment, out),
        Bson::JavaScriptCode(code) => wrapped("$code", code, out),
        Bson::JavaScriptCodeWithScope(code) => wrapped("$code", &code.code, out),
        Bson::MinKey => out.extend_from_slice(br#"{"$minKey":1}"#),
        Bson::MaxKey => out.extend_from_slice(br#"{"$maxKey":1}"#),
        Bson::DbPointer(_) => out.extend_from_slice(br#"{"$dbPointer":{}}"#),
    }
}

/// Writes a document.
pub fn write_document(doc: &Document, out: &mut Vec<u8>) {
    out.push(b'{');
    for (i, (key, value)) in doc.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// Writes a value as canonical Extended JSON, which [`value`] reads back with the same types. Lost
/// are the scope of code, pointers, and that a text has the form of a date: it becomes one.
pub fn write_canonical(value: &Bson, out: &mut Vec<u8>) {
    extjson::encode(value, out);
}

/// Writes a document from its BSON bytes, as [`write_document`] would, without decoding it first.
///
/// # Errors
/// When the bytes are not BSON.
pub fn write_raw(doc: &RawDocument, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
    out.push(b'{');
    for (i, element) in doc.iter().enumerate() {
        let (key, value) = element?;
        if i > 0 {
            out.push(b',');
        }
        string(key.as_str(), out);
        out.push(b':');
        write_raw_value(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_raw_value(value: RawBsonRef<'_>, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
    match value {
        RawBsonRef::Document(doc) => write_raw(doc, out)?,
        RawBsonRef::Array(items) => {
            out.push(b'[');
            for (i, item) in items.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_raw_value(item?, out)?;
            }
            out.push(b']');
        }
        RawBsonRef::Double(n) => number(n, out),
        RawBsonRef::String(text) => string(text, out),
        RawBsonRef::Int32(n) => integer(i64::from(n), out),
        RawBsonRef::Int64(n) => integer(n, out),
        other => write(&Bson::try_from(other)?, out),
    }
    Ok(())
}

/// Writes a text as a JSON string.
pub fn string(text: &str, out: &mut Vec<u8>) {
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        return ascii(text, out);
    }
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if u32::from(c) < 0x20 => out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Writes a text that needs no escapes.
fn ascii(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn integer(n: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(n.to_string().as_bytes());
}

fn number(n: f64, out: &mut Vec<u8>) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !n.is_finite() {
        out.extend_from_slice(b"null");
    } else if n.fract() == 0.0 && n.abs() < EXACT {
        integer(n as i64, out);
    } else {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = if (1e-7..1e21).contains(&n.abs()) { write!(text, "{n}") } else { write!(text, "{n:e}") };
        out.extend_from_slice(text.as_bytes());
    }
}

fn wrapped(key: &str, text: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    ascii(key, out);
    out.push(b':');
    string(text, out);
    out.push(b'}');
}

fn binary(subtype: BinarySubtype, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"$binary":{"base64":"#);
    ascii(&BASE64.encode(bytes), out);
    out.extend_from_slice(format!(r#","subType":"{:02x}"}}}}"#, u8::from(subtype)).as_bytes());
}

fn regex(pattern: &str, options: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"$regularExpression":{"pattern":"#);
    string(pattern, out);
    out.extend_from_slice(br#","options":"#);
    string(options, out);
    out.extend_from_slice(b"}}");
}

fn timestamp(time: u32, increment: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(format!(r#"{{"$timestamp":{{"t":{time},"i":{increment}}}}}"#).as_bytes());
}

/// [`write`], as a text for messages and tests.
pub fn to_string(value: &Bson) -> String {
    let mut out = Vec::new();
    write(value, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{bson, doc};

    use super::*;

    fn round(json: &str) -> String {
        let parsed = value(json.as_bytes()).unwrap();
        let text = to_string(&parsed);
        if let Bson::Document(doc) = &parsed {
            let bytes = doc.to_vec().unwrap();
            let mut raw = Vec::new();
            write_raw(RawDocument::from_bytes(&bytes).unwrap(), &mut raw).unwrap();
            assert_eq!(text.as_bytes(), raw, "the raw writer agrees");
        }
        text
    }

    #[test]
    fn numbers_take_the_smallest_type() {
        let v = value(b"[1,-2147483648,2147483648,9223372036854775807,9223372036854775808,1.5,1e3]").unwrap();
        assert_eq!(v, bson!([1, i32::MIN, 2_147_483_648_i64, i64::MAX, 9_223_372_036_854_775_808_f64, 1.5, 1000.0]));
    }

    #[test]
    fn the_order_of_keys_stays() {
        let json = r#"{"z":1,"a":{"y":[],"b":{}},"10":"\u0000\n\"\\é"}"#;
        assert_eq!(round(json), json);
    }

    #[test]
    fn dates_everywhere_and_only_in_the_exact_form() {
        let json = r#"{"a":["2020-01-01T00:00:00.000Z"],"b":"2020-01-01T00:00:00Z"}"#;
        assert_eq!(round(json), json);
        let doc = document(json.as_bytes()).unwrap();
        assert_eq!(doc.get_array("a").unwrap()[0], Bson::DateTime(DateTime::from_millis(1_577_836_800_000)));
        assert!(doc.get_str("b").is_ok());
    }

    #[test]
    fn types_that_json_lacks_come_back_as_extended_json() {
        for json in [
            r#"{"d":{"$numberDecimal":"1.10"}}"#,
            r#"{"b":{"$binary":{"base64":"AQI=","subType":"80"}}}"#,
            r#"{"r":{"$regularExpression":{"pattern":"^a","options":"i"}}}"#,
            r#"{"t":{"$timestamp":{"t":1,"i":2}}}"#,
            r#"{"min":{"$minKey":1},"max":{"$maxKey":1}}"#,
        ] {
            assert_eq!(round(json), json);
        }
        assert_eq!(round(r#"{"_id":{"$oid":"0123456789abcdef01234567"}}"#), r#"{"_id":"0123456789abcdef01234567"}"#);
    }

    #[test]
    fn doubles_are_json_numbers() {
        let doc = doc! {"a": 2.0, "b": 0.5, "c": f64::NAN, "d": 1e300, "e": 1e-9, "f": -0.0};
        assert_eq!(to_string(&doc.into()), r#"{"a":2,"b":0.5,"c":null,"d":1e300,"e":1e-9,"f":0}"#);
    }

    #[test]
    fn bad_json_is_an_error() {
        for json in [&b"{"[..], b"", b"{\"a\\u0000\":1}", b"[1,]"] {
            assert_eq!(value(json).unwrap_err().code(), Code::FailedToParse);
        }
        assert!(value("[".repeat(200).as_bytes()).is_err());
        assert_eq!(document(b"[]").unwrap_err().code(), Code::TypeMismatch);
    }
}
