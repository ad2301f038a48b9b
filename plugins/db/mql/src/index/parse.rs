//! From documents to index specifications, with MongoDB's errors.

use bson::{Bson, Document};

use super::{FieldKind, ID_INDEX, IndexField, IndexSpec, MAX_FIELDS, partial};
use crate::check::type_name;
use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::filter::truthy;
use crate::number;
use crate::path::Path;

/// The longest time after which documents expire, in seconds. MongoDB's own limit.
const MAX_EXPIRY: i64 = i32::MAX as i64;

impl IndexSpec {
    /// Parses a specification as `createIndexes` takes it: `key`, `name`, `unique`, `sparse`,
    /// `partialFilterExpression`, `collation`, `expireAfterSeconds`, and `v`, `ns`, `background`
    /// and `2dsphereIndexVersion`, which change nothing. Without a name it has the one that
    /// drivers give, such as `a_1_b_-1`.
    ///
    /// # Errors
    /// `CannotCreateIndex`, `TypeMismatch`, `FailedToParse`, `BadValue`,
    /// `InvalidIndexSpecificationOption`, Location 13103 for more than [`MAX_FIELDS`] fields, as
    /// MongoDB; `CannotCreateIndex` for `text`, `hashed`, `2d`, `geoHaystack` and wildcard
    /// indexes, which are not supported.
    pub fn parse(spec: &Document) -> Result<Self> {
        let key = match spec.get("key") {
            Some(Bson::Document(key)) => key.clone(),
            Some(other) => return Err(wrong_type("key", "an object", other)),
            None => return Err(Error::parse("The 'key' field is a required property of an index specification")),
        };
        let fields = fields(&key)?;
        let is_id = key.len() == 1 && key.get("_id").and_then(number::integer).is_some_and(|direction| direction.abs() == 1);
        let name = name(spec, &key, is_id)?;
        let mut index = Self {
            name,
            key,
            fields,
            unique: is_id,
            sparse: false,
            partial: None,
            collation: Collation::simple(),
            collation_option: None,
            expire_after_seconds: None,
        };
        for (option, value) in spec {
            if is_id && !matches!(option.as_str(), "key" | "name" | "v" | "ns" | "collation") {
                return Err(not_valid(option, "an _id index", spec));
            }
            index.option(option, value, spec)?;
        }
        index.consistent(spec)?;
        Ok(index)
    }

    fn option(&mut self, option: &str, value: &Bson, spec: &Document) -> Result<()> {
        match option {
            "key" | "name" => {}
            "v" => match number::integer(value) {
                Some(1 | 2) => {}
                Some(other) => {
                    return Err(cannot(format!("Invalid index specification {spec}; cannot create an index with v={other}")));
                }
                None => return Err(wrong_type(option, "a number", value)),
            },
            "ns" => _ = value.as_str().ok_or_else(|| wrong_type(option, "a string", value))?,
            "background" => _ = flag(option, value)?,
            "2dsphereIndexVersion" => match number::integer(value) {
                Some(1..=3) => {}
                Some(other) => return Err(cannot(format!("unsupported geo index version {{ 2dsphereIndexVersion : {other} }}"))),
                None => return Err(wrong_type(option, "a number", value)),
            },
            "unique" => self.unique |= flag(option, value)?,
            "sparse" => self.sparse = flag(option, value)?,
            "partialFilterExpression" => {
                let doc = value.as_document().ok_or_else(|| wrong_type(option, "an object", value))?;
                self.partial = Some((doc.clone(), partial::parse(doc, &self.collation)?));
            }
            "collation" => {
                let doc = value.as_document().ok_or_else(|| wrong_type(option, "an object", value))?;
                if doc.is_empty() {
                    return Err(Error::bad("The field 'collation' cannot be an empty object."));
                }
                self.collation = Collation::parse(doc)?;
                self.collation_option = (!self.collation.is_simple()).then(|| doc.clone());
            }
            "expireAfterSeconds" => self.expire_after_seconds = Some(expiry(value)?),
            _ => return Err(not_valid(option, "an index", spec)),
        }
        Ok(())
    }

    /// What the options must not be together.
    fn consistent(&mut self, spec: &Document) -> Result<()> {
        if self.sparse && self.partial.is_some() {
            return Err(cannot("cannot mix \"partialFilterExpression\" and \"sparse\" options"));
        }
        if self.expire_after_seconds.is_some() && self.fields.len() > 1 {
            return Err(cannot("TTL indexes are single-field indexes, compound indexes do not support TTL"));
        }
        if self.has_sphere() && self.expire_after_seconds.is_some() {
            return Err(cannot(format!("a 2dsphere index cannot expire documents: {spec}")));
        }
        // The collation may come after the filter.
        if let Some((doc, filter)) = &mut self.partial {
            *filter = partial::parse(doc, &self.collation)?;
        }
        Ok(())
    }
}

fn fields(key: &Document) -> Result<Vec<IndexField>> {
    if key.is_empty() {
        return Err(cannot("Index keys cannot be empty."));
    }
    if key.len() > MAX_FIELDS {
        return Err(Error::at(13103, "too many compound keys"));
    }
    key.iter().map(|(name, value)| Ok(IndexField { path: path(name)?, kind: kind(name, value)? })).collect()
}

fn path(name: &str) -> Result<Path> {
    if name == "$**" || name.ends_with(".$**") {
        return Err(cannot("wildcard indexes are not supported"));
    }
    if name.is_empty() {
        return Err(cannot("Index keys cannot be an empty field."));
    }
    for (i, part) in name.split('.').enumerate() {
        if part.is_empty() {
            return Err(cannot("Index keys cannot contain an empty field."));
        }
        // A part of a DBRef may be indexed.
        if part.starts_with('$') && !(i > 0 && matches!(part, "$id" | "$ref" | "$db")) {
            return Err(cannot("Index key contains an illegal field name: field name starts with '$'."));
        }
    }
    if name.split('.').count() > crate::check::MAX_DEPTH {
        return Err(cannot(format!("a path in an index may have at most {} parts", crate::check::MAX_DEPTH)));
    }
    Ok(Path::new(name))
}

fn kind(name: &str, value: &Bson) -> Result<FieldKind> {
    match value {
        Bson::String(plugin) => match plugin.as_str() {
            "2dsphere" if name == "_id" => Err(cannot("the _id field cannot be in a 2dsphere index")),
            "2dsphere" => Ok(FieldKind::Sphere),
            "text" | "hashed" | "2d" | "geoHaystack" => Err(cannot(format!("indexes of the type '{plugin}' are not supported"))),
            _ => Err(cannot(format!("Unknown index plugin '{plugin}'"))),
        },
        number if number::is_number(number) => {
            let nan = Bson::Double(f64::NAN);
            match crate::compare(number, &Bson::Int32(0)) {
                _ if crate::equal(number, &nan) => Err(cannot("Values in the index key pattern cannot be NaN.")),
                std::cmp::Ordering::Equal => Err(cannot("Values in the index key pattern cannot be 0.")),
                std::cmp::Ordering::Greater => Ok(FieldKind::Ascending),
                std::cmp::Ordering::Less => Ok(FieldKind::Descending),
            }
        }
        other => Err(cannot(format!(
            "Values in v:2 index key pattern cannot be of type {}. Only numbers > 0, numbers < 0, and strings are allowed.",
            type_name(other)
        ))),
    }
}

fn name(spec: &Document, key: &Document, is_id: bool) -> Result<String> {
    let given = match spec.get("name") {
        None => None,
        Some(Bson::String(name)) => Some(name.as_str()),
        Some(other) => return Err(wrong_type("name", "a string", other)),
    };
    match given {
        _ if is_id => match key.get("_id").and_then(number::integer) {
            Some(1) => Ok(ID_INDEX.to_owned()),
            _ => Err(Error::bad(format!("The field 'key' for an _id index must be {{_id: 1}}, but got {key}"))),
        },
        Some("") => Err(cannot("The index name cannot be empty")),
        Some("*") => Err(Error::bad("The index name '*' is not valid.")),
        Some(name) if name.contains('\0') => Err(cannot("The index name cannot contain a null byte")),
        Some(ID_INDEX) => Err(Error::bad(format!(
            "The index name '_id_' is reserved for the _id index, which must have key pattern {{_id: 1}}, found key: {key}"
        ))),
        Some(name) => Ok(name.to_owned()),
        None => {
            let part = |(name, value): (&String, &Bson)| match value {
                Bson::String(plugin) => format!("{name}_{plugin}"),
                direction => format!("{name}_{direction}"),
            };
            Ok(key.iter().map(part).collect::<Vec<_>>().join("_"))
        }
    }
}

fn flag(option: &str, value: &Bson) -> Result<bool> {
    match value {
        Bson::Boolean(_) => Ok(truthy(value)),
        number if number::is_number(number) => Ok(truthy(value)),
        other => Err(wrong_type(option, "a boolean", other)),
    }
}

fn expiry(value: &Bson) -> Result<i64> {
    if !number::is_number(value) {
        return Err(wrong_type("expireAfterSeconds", "a number", value));
    }
    if crate::compare(value, &Bson::Int32(0)).is_lt() {
        return Err(cannot("TTL index 'expireAfterSeconds' option cannot be less than 0"));
    }
    let seconds = match value {
        Bson::Double(seconds) => Some(seconds.trunc()).filter(|s| *s <= MAX_EXPIRY as f64).map(|s| s as i64),
        other => number::integer(other).filter(|seconds| *seconds <= MAX_EXPIRY),
    };
    seconds.ok_or_else(|| cannot("TTL index 'expireAfterSeconds' option must be within an acceptable range, try a lower number"))
}

pub(super) fn cannot(message: impl Into<String>) -> Error {
    Error::new(Code::CannotCreateIndex, message)
}

fn wrong_type(option: &str, wanted: &str, value: &Bson) -> Error {
    Error::new(Code::TypeMismatch, format!("The field '{option}' must be {wanted}, but got {}", type_name(value)))
}

fn not_valid(option: &str, what: &str, spec: &Document) -> Error {
    let message = format!("The field '{option}' is not valid for {what} specification. Specification: {spec}");
    Error::new(Code::InvalidIndexSpecificationOption, message)
}
