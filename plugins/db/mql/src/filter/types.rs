//! The `$type` operator's names and numbers.

use bson::Bson;
use bson::spec::ElementType;

use crate::error::{Error, Result};
use crate::number;

/// A set of BSON types.
#[derive(Clone, Debug)]
pub(crate) struct Types {
    numbers: bool,
    types: Vec<ElementType>,
}

const NAMES: &[(&str, i64, ElementType)] = &[
    ("double", 1, ElementType::Double),
    ("string", 2, ElementType::String),
    ("object", 3, ElementType::EmbeddedDocument),
    ("array", 4, ElementType::Array),
    ("binData", 5, ElementType::Binary),
    ("undefined", 6, ElementType::Undefined),
    ("objectId", 7, ElementType::ObjectId),
    ("bool", 8, ElementType::Boolean),
    ("date", 9, ElementType::DateTime),
    ("null", 10, ElementType::Null),
    ("regex", 11, ElementType::RegularExpression),
    ("dbPointer", 12, ElementType::DbPointer),
    ("javascript", 13, ElementType::JavaScriptCode),
    ("symbol", 14, ElementType::Symbol),
    ("javascriptWithScope", 15, ElementType::JavaScriptCodeWithScope),
    ("int", 16, ElementType::Int32),
    ("timestamp", 17, ElementType::Timestamp),
    ("long", 18, ElementType::Int64),
    ("decimal", 19, ElementType::Decimal128),
    ("minKey", -1, ElementType::MinKey),
    ("maxKey", 127, ElementType::MaxKey),
];

impl Types {
    /// The name, if it is that of a type.
    pub(crate) fn known(name: &str) -> Option<&'static str> {
        NAMES.iter().find(|(known, ..)| *known == name).map(|(known, ..)| *known)
    }

    /// The name of the type that a number stands for.
    pub(crate) fn name_of(number: i64) -> Option<&'static str> {
        NAMES.iter().find(|(_, known, _)| *known == number).map(|(name, ..)| *name)
    }

    pub(super) fn parse(value: &Bson) -> Result<Self> {
        let mut types = Self { numbers: false, types: Vec::new() };
        match value {
            Bson::Array(items) if items.is_empty() => return Err(Error::parse("$type must match at least one type")),
            Bson::Array(items) => items.iter().try_for_each(|item| types.add(item))?,
            one => types.add(one)?,
        }
        Ok(types)
    }

    fn add(&mut self, value: &Bson) -> Result<()> {
        let found = match value {
            Bson::String(name) if name == "number" => {
                self.numbers = true;
                return Ok(());
            }
            Bson::String(name) => {
                let found = NAMES.iter().find(|(n, ..)| n == name);
                found.ok_or_else(|| Error::bad(format!("Unknown type name alias: {name}")))?
            }
            code => {
                let number = number::integer(code)
                    .ok_or_else(|| Error::new(crate::Code::TypeMismatch, "type must be represented as a number or a string"))?;
                let found = NAMES.iter().find(|(_, n, _)| *n == number);
                found.ok_or_else(|| Error::bad(format!("Invalid numerical type code: {number}")))?
            }
        };
        self.types.push(found.2);
        Ok(())
    }

    pub(super) fn contains(&self, value: &Bson) -> bool {
        (self.numbers && number::is_number(value)) || self.types.contains(&value.element_type())
    }
}
