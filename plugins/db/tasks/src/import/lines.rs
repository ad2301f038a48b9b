//! JSON files: every line an object. Empty lines are skipped.
//!
//! - Extended JSON, canonical and relaxed, becomes the type that it stands for.
//! - A key neither begins nor ends with `.`, nor has two of them in a row.
//! - A key with a `.` inside means a document in a document, as `{"a.b":1}` and `{"a":{"b":1}}`.
//! - No key is there twice, also not in these two ways.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use bson::{Bson, Document};
use mql::json;
use sdk_plugin::{Error, Result};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::code::in_line;
use crate::pipe::cause;

use super::nest;

/// How long a line may be, in bytes: more than the text of a largest document has.
const MAX_LINE: u64 = 48 << 20;
/// What some programs put in front of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file, and hands on each document with its line, counted from 1.
///
/// # Errors
/// `INVALID_FILE_FORMAT` for the first line that is wrong, or what the reader or `add` reports.
pub fn read(reader: impl Read, add: &mut dyn FnMut(u64, Document) -> Result<()>) -> Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(|e| cause(e, Error::internal))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE {
            return Err(in_line(number, "it is too long for a document"));
        }
        let text = if number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
        let text = std::str::from_utf8(text).map_err(|_| in_line(number, "it is not UTF-8"))?.trim();
        if text.is_empty() {
            continue;
        }
        match parse(text).map_err(|problem| in_line(number, problem.message))? {
            Bson::Document(document) if text.starts_with('{') => add(number, document)?,
            _ => return Err(in_line(number, "it is not a JSON object")),
        }
    }
    Ok(())
}

/// Why a text is not taken.
#[derive(Debug)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Whether it is JSON at all.
    pub is_json: bool,
}

/// Reads a value by the rules of this module.
pub fn parse(text: &str) -> std::result::Result<Bson, Problem> {
    let shape: Shape = serde_json::from_str(text).map_err(|error| {
        let shown = error.to_string();
        // The position is in this text, whose line the caller knows.
        let message = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message);
        Problem { message: format!("{message} (column {})", error.column()), is_json: error.is_data() }
    })?;
    let problem = |message: String| Problem { message, is_json: true };
    let value = json::value(text.as_bytes()).map_err(|error| problem(error.to_string()))?;
    if shape.dotted { nest::value(value).map_err(problem) } else { Ok(value) }
}

/// What the keys of a value are like; reading it checks them.
#[derive(Default)]
struct Shape {
    /// Whether a key has a `.` inside.
    dotted: bool,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_unit<E>(self) -> std::result::Result<Shape, E> {
        Ok(Shape::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Shape, A::Error> {
        let mut all = Shape::default();
        while let Some(inner) = seq.next_element::<Shape>()? {
            all.dotted |= inner.dotted;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Shape, A::Error> {
        let (mut all, mut keys) = (Shape::default(), HashSet::new());
        while let Some(key) = map.next_key::<String>()? {
            check_key(&key).map_err(de::Error::custom)?;
            all.dotted |= key.contains('.');
            if !keys.insert(key.clone()) {
                return Err(de::Error::custom(format!("the key `{key}` is there twice")));
            }
            all.dotted |= map.next_value::<Shape>()?.dotted;
        }
        Ok(all)
    }
}

/// Checks a key, whose parts the manual wants not to be empty.
pub fn check_key(key: &str) -> std::result::Result<(), String> {
    if key.contains('.') && key.split('.').any(str::is_empty) {
        return Err(format!("the key `{key}` begins or ends with `.`, or has two of them in a row"));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;
    use crate::code::INVALID_FILE_FORMAT;

    fn documents(file: &[u8]) -> Result<Vec<(u64, Document)>> {
        let mut found = Vec::new();
        read(file, &mut |line, document| {
            found.push((line, document));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn every_line_is_a_document() {
        let file = "\u{feff}{\"a\":1}\r\n\n  {\"b\":{\"$date\":\"2020-01-01T00:00:00.000Z\"}}\n{\"名\":\"小明\"}";
        let date = bson::DateTime::from_millis(1_577_836_800_000);
        assert_eq!(documents(file.as_bytes()).unwrap(), [(1, doc! {"a": 1}), (3, doc! {"b": date}), (4, doc! {"名": "小明"})]);
        assert!(documents(b"").unwrap().is_empty());
    }

    #[test]
    fn dotted_keys_are_documents() {
        let file = br#"{"a.b":1,"c":[{"d.e.f":2}],"a.g":3}"#;
        assert_eq!(documents(file).unwrap(), [(1, doc! {"a": {"b": 1, "g": 3}, "c": [{"d": {"e": {"f": 2}}}]})]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (file, line, says) in [
            (&b"{\"a\":1}\n[1]\n"[..], 2, "not a JSON object"),
            (b"5", 1, "not a JSON object"),
            (b"\"text\"", 1, "not a JSON object"),
            (b"{\"$oid\":\"0123456789abcdef01234567\"}", 1, "not a JSON object"),
            (b"{\"a\":1}\n\n{\"a\":", 3, "EOF"),
            (b"{\"a\":1} {\"a\":2}", 1, "trailing"),
            (b"{\"a\":1,\"a\":2}", 1, "`a` is there twice"),
            (b"{\"a\":{\"b\":1},\"a.b\":2}", 1, "`a.b` is there twice"),
            (b"{\"a\":1,\"a.b\":2}", 1, "`a.b` is there twice"),
            (b"{\"x\":[{\"a\":1,\"a\":2}]}", 1, "`a` is there twice"),
            (b"{\".a\":1}", 1, "`.a`"),
            (b"{\"a.\":1}", 1, "`a.`"),
            (b"{\"x\":{\"a..b\":1}}", 1, "`a..b`"),
            (b"{\".\":1}", 1, "`.`"),
            (b"{\"a\":{\"$oid\":\"x\"}}", 1, "$oid"),
            (b"{\"a\":1}\n{\"b\":\"\xff\"}", 2, "not UTF-8"),
            (b"\xff\xfe{\x00", 1, "not UTF-8"),
        ] {
            let error = documents(file).unwrap_err();
            assert_eq!(error.code(), INVALID_FILE_FORMAT, "{}", String::from_utf8_lossy(file));
            assert!(
                error.message().starts_with(&format!("line {line}: ")) && error.message().contains(says),
                "{}: {}",
                String::from_utf8_lossy(file),
                error.message()
            );
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}1{}", "{\"a\":".repeat(1000), "}".repeat(1000));
        assert!(documents(deep.as_bytes()).unwrap_err().message().contains("recursion"));
        let dotted = format!("{{\"{}\":1}}", ["a"; 5000].join("."));
        assert!(documents(dotted.as_bytes()).unwrap_err().message().contains("deep"));
    }
}
