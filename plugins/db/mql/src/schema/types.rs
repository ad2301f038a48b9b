//! The keywords `type` and `bsonType`.

use bson::Bson;

use super::subject::Subject;
use crate::error::{Code, Error, Result};
use crate::filter;

/// A set of types by MongoDB's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Types {
    numbers: bool,
    names: Vec<&'static str>,
}

impl Types {
    /// Parses the names of one of the two keywords.
    pub(super) fn parse(keyword: &str, value: &Bson) -> Result<Self> {
        let mismatch = |what: &str| Error::new(Code::TypeMismatch, format!("$jsonSchema keyword '{keyword}' {what}"));
        let names = match value {
            Bson::Array(names) => names.as_slice(),
            name @ Bson::String(_) => std::slice::from_ref(name),
            _ => return Err(mismatch("must be either a string or an array of strings")),
        };
        if names.is_empty() {
            return Err(Error::parse(format!("$jsonSchema keyword '{keyword}' must name at least one type")));
        }
        let mut types = Self { numbers: false, names: Vec::with_capacity(names.len()) };
        for name in names {
            let name = name.as_str().ok_or_else(|| mismatch("array elements must be strings"))?;
            if !types.add(keyword, name)? {
                return Err(Error::parse(format!("$jsonSchema keyword '{keyword}' has duplicate value: {name}")));
            }
        }
        Ok(types)
    }

    /// Adds a type; false if it is there already.
    fn add(&mut self, keyword: &str, name: &str) -> Result<bool> {
        if keyword == "type" && name == "integer" {
            return Err(Error::parse("$jsonSchema type 'integer' is not currently supported."));
        }
        if name == "number" {
            return Ok(!std::mem::replace(&mut self.numbers, true));
        }
        let known = match (keyword, name) {
            ("type", "boolean") => Some("bool"),
            ("type", "object" | "array" | "string" | "null") | ("bsonType", _) => filter::Types::known(name),
            _ => None,
        };
        let known = known.ok_or_else(|| Error::bad(format!("Unknown type name alias: {name}")))?;
        let new = !self.names.contains(&known);
        self.names.push(known);
        Ok(new)
    }

    pub(super) fn contain(&self, subject: Subject<'_>) -> bool {
        (self.numbers && subject.number().is_some()) || self.names.contains(&subject.type_name())
    }
}
