//! Extended JSON version 2, canonical and relaxed: objects that stand for other types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Decimal128, Document, Regex, Timestamp};

use crate::error::{Error, Result};
use crate::{iso, json};

/// Turns a document into the value it stands for, if it is Extended JSON; others stay as they are.
pub(crate) fn decode(doc: Document) -> Result<Bson> {
    let mut entries = doc.iter();
    let (first, value) = match (entries.next(), entries.next()) {
        (Some(entry), None) if entry.0.starts_with('$') => entry,
        (Some(code), Some(scope)) if code.0 == "$code" && scope.0 == "$scope" => {
            return Err(Error::parse("code with a scope is not supported"));
        }
        _ => return Ok(Bson::Document(doc)),
    };
    let wrong = || Error::parse(format!("`{first}` has a wrong value"));
    Ok(match first.as_str() {
        "$oid" => Bson::ObjectId(value.as_str().and_then(|hex| ObjectId::parse_str(hex).ok()).ok_or_else(wrong)?),
        "$date" => Bson::DateTime(date(value).ok_or_else(wrong)?),
        "$numberInt" => Bson::Int32(value.as_str().and_then(|n| n.parse().ok()).ok_or_else(wrong)?),
        "$numberLong" => Bson::Int64(long(value).ok_or_else(wrong)?),
        "$numberDouble" => Bson::Double(double(value).ok_or_else(wrong)?),
        "$numberDecimal" => Bson::Decimal128(value.as_str().and_then(|n| n.parse::<Decimal128>().ok()).ok_or_else(wrong)?),
        "$binary" => binary(value).ok_or_else(wrong)?,
        "$uuid" => uuid(value).ok_or_else(wrong)?,
        "$regularExpression" => regex(value).ok_or_else(wrong)?,
        "$timestamp" => timestamp(value).ok_or_else(wrong)?,
        "$symbol" => Bson::Symbol(value.as_str().ok_or_else(wrong)?.to_owned()),
        "$code" => Bson::JavaScriptCode(value.as_str().ok_or_else(wrong)?.to_owned()),
        "$minKey" => Bson::MinKey,
        "$maxKey" => Bson::MaxKey,
        "$undefined" => Bson::Undefined,
        _ => return Ok(Bson::Document(doc)),
    })
}

/// Writes a value in canonical form.
pub(crate) fn encode(value: &Bson, out: &mut Vec<u8>) {
    let mut wrapped = |name: &str, text: &str| {
        out.push(b'{');
        json::string(name, out);
        out.push(b':');
        json::string(text, out);
        out.push(b'}');
    };
    match value {
        Bson::Double(n) if n.is_nan() => wrapped("$numberDouble", "NaN"),
        Bson::Double(n) if n.is_infinite() => wrapped("$numberDouble", if *n > 0.0 { "Infinity" } else { "-Infinity" }),
        Bson::Double(n) => wrapped("$numberDouble", &format!("{n:?}")),
        Bson::Int32(n) => wrapped("$numberInt", &n.to_string()),
        Bson::Int64(n) => wrapped("$numberLong", &n.to_string()),
        Bson::ObjectId(id) => wrapped("$oid", &id.to_hex()),
        Bson::Symbol(text) => wrapped("$symbol", text),
        Bson::DateTime(date) => {
            out.extend_from_slice(br#"{"$date":"#);
            encode(&Bson::Int64(date.timestamp_millis()), out);
            out.push(b'}');
        }
        Bson::Undefined => out.extend_from_slice(br#"{"$undefined":true}"#),
        Bson::Document(doc) => {
            out.push(b'{');
            for (i, (name, value)) in doc.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json::string(name, out);
                out.push(b':');
                encode(value, out);
            }
            out.push(b'}');
        }
        Bson::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                encode(item, out);
            }
            out.push(b']');
        }
        other => json::write(other, out),
    }
}

fn long(value: &Bson) -> Option<i64> {
    match value {
        Bson::String(text) => text.parse().ok(),
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        _ => None,
    }
}

fn double(value: &Bson) -> Option<f64> {
    match value {
        Bson::Double(n) => Some(*n),
        Bson::Int32(n) => Some(f64::from(*n)),
        Bson::Int64(n) => Some(*n as f64),
        Bson::String(text) => match text.as_str() {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            "NaN" => Some(f64::NAN),
            other => other.parse().ok().filter(|n: &f64| n.is_finite()),
        },
        _ => None,
    }
}

fn date(value: &Bson) -> Option<DateTime> {
    match value {
        Bson::DateTime(date) => Some(*date),
        Bson::String(text) => iso::parse(text).map(DateTime::from_millis).or_else(|| DateTime::parse_rfc3339_str(text).ok()),
        other => long(other).map(DateTime::from_millis),
    }
}

fn binary(value: &Bson) -> Option<Bson> {
    let doc = value.as_document()?;
    let bytes = BASE64.decode(doc.get("base64")?.as_str()?).ok()?;
    let subtype = u8::from_str_radix(doc.get("subType")?.as_str()?, 16).ok()?;
    (doc.len() == 2).then(|| Bson::Binary(Binary { subtype: BinarySubtype::from(subtype), bytes }))
}

fn uuid(value: &Bson) -> Option<Bson> {
    let hex: Vec<u8> = value.as_str()?.bytes().filter(|b| *b != b'-').collect();
    let bytes = (hex.len() == 32)
        .then_some(hex)?
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<_>>()?;
    Some(Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes }))
}

fn regex(value: &Bson) -> Option<Bson> {
    let doc = value.as_document()?;
    let pattern = doc.get("pattern")?.as_str()?;
    let mut options: Vec<char> = doc.get("options").map_or(Some(""), Bson::as_str)?.chars().collect();
    options.sort_unstable();
    let regex = Regex { pattern: pattern.to_owned().try_into().ok()?, options: options.into_iter().collect::<String>().try_into().ok()? };
    Some(Bson::RegularExpression(regex))
}

fn timestamp(value: &Bson) -> Option<Bson> {
    let doc = value.as_document()?;
    let part = |name| doc.get(name).and_then(long).and_then(|n| u32::try_from(n).ok());
    Some(Bson::Timestamp(Timestamp { time: part("t")?, increment: part("i")? }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;

    fn read(text: &str) -> Bson {
        json::value(text.as_bytes()).unwrap()
    }

    #[test]
    fn canonical_and_relaxed_forms() {
        assert_eq!(
            read(r#"{"$oid":"0123456789abcdef01234567"}"#),
            Bson::ObjectId(ObjectId::parse_str("0123456789abcdef01234567").unwrap())
        );
        for date in [
            r#"{"$date":"2020-01-01T00:00:00Z"}"#,
            r#"{"$date":"2020-01-01T00:00:00.000Z"}"#,
            r#"{"$date":{"$numberLong":"1577836800000"}}"#,
        ] {
            assert_eq!(read(date), Bson::DateTime(DateTime::from_millis(1_577_836_800_000)), "{date}");
        }
        assert_eq!(read(r#"{"$numberInt":"5"}"#), Bson::Int32(5));
        assert_eq!(read(r#"{"$numberLong":"5"}"#), Bson::Int64(5));
        assert_eq!(read(r#"{"$numberDouble":"-Infinity"}"#), Bson::Double(f64::NEG_INFINITY));
        assert_eq!(read(r#"{"$numberDouble":"5"}"#), Bson::Double(5.0));
        assert_eq!(read(r#"{"$undefined":true}"#), Bson::Undefined);
        assert_eq!(read(r#"{"$minKey":1}"#), Bson::MinKey);
        let Bson::Binary(uuid) = read(r#"{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}"#) else { panic!("binary") };
        assert_eq!((uuid.subtype, uuid.bytes[15]), (BinarySubtype::Uuid, 0xff));
    }

    #[test]
    fn operators_and_plain_documents_stay() {
        assert_eq!(read(r#"{"$gt":1}"#), Bson::Document(doc! {"$gt": 1}));
        assert_eq!(read(r#"{"$regex":"a","$options":"i"}"#), Bson::Document(doc! {"$regex": "a", "$options": "i"}));
        assert_eq!(read(r#"{"a":1,"$oid":"x"}"#), Bson::Document(doc! {"a": 1, "$oid": "x"}));
    }

    #[test]
    fn wrong_values_are_errors() {
        for text in [
            r#"{"$oid":"12"}"#,
            r#"{"$date":"yesterday"}"#,
            r#"{"$numberLong":"1.5"}"#,
            r#"{"$binary":{"base64":"?","subType":"00"}}"#,
            r#"{"$numberInt":"3000000000"}"#,
        ] {
            assert!(json::value(text.as_bytes()).is_err(), "{text}");
        }
    }
}
