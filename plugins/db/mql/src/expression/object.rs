//! Operators between documents and arrays of names and values.

use bson::{Bson, Document, doc};

use super::call::{Args, nth};
use super::room::Room;
use super::{nullish, type_name};
use crate::error::{Error, Result};

pub(super) fn object_to_array(args: &Args<'_>) -> Result<Bson> {
    let fields = match nth(args, 0) {
        value if nullish(value) => return Ok(Bson::Null),
        Bson::Document(fields) => fields,
        other => return Err(Error::at(40390, format!("$objectToArray requires a document input, found: {}", type_name(other)))),
    };
    let mut room = Room::new();
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let pair = Bson::Document(doc! {"k": name.as_str(), "v": value.clone()});
        room.hold(&pair)?;
        pairs.push(pair);
    }
    Ok(Bson::Array(pairs))
}

/// The first element decides whether all are `[name, value]` or `{k: name, v: value}`.
pub(super) fn array_to_object(args: &Args<'_>) -> Result<Bson> {
    let items = match nth(args, 0) {
        value if nullish(value) => return Ok(Bson::Null),
        Bson::Array(items) => items,
        other => return Err(Error::at(40386, format!("$arrayToObject requires an array input, found: {}", type_name(other)))),
    };
    let entry = match items.first() {
        None => return Ok(Bson::Document(Document::new())),
        Some(Bson::Array(_)) => pair,
        Some(Bson::Document(_)) => named,
        Some(other) => {
            let message = format!("Unrecognised input type format for $arrayToObject: {}", type_name(other));
            return Err(Error::at(40398, message));
        }
    };
    let mut room = Room::new();
    let mut object = Document::new();
    for item in items {
        let (name, value) = entry(item)?;
        if name.contains('\0') {
            return Err(Error::at(4_940_400, "Key field cannot contain an embedded null byte"));
        }
        room.take(name.len())?;
        room.hold(value)?;
        object.insert(name, value.clone());
    }
    Ok(Bson::Document(object))
}

fn pair(item: &Bson) -> Result<(&str, &Bson)> {
    let Bson::Array(parts) = item else {
        return Err(inconsistent(40396, "Array", item));
    };
    let [name, value] = parts.as_slice() else {
        let message = format!("$arrayToObject requires an array of size 2 arrays,found array of size: {}", parts.len());
        return Err(Error::at(40397, message));
    };
    Ok((key(40395, "an array of key-value pairs, where the key must be of type string", name)?, value))
}

fn named(item: &Bson) -> Result<(&str, &Bson)> {
    let Bson::Document(parts) = item else {
        return Err(inconsistent(40391, "Object", item));
    };
    if parts.len() != 2 {
        let message = format!("$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:{}", parts.len());
        return Err(Error::at(40392, message));
    }
    let (Some(name), Some(value)) = (parts.get("k"), parts.get("v")) else {
        let message = format!("$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys from: {item}");
        return Err(Error::at(40393, message));
    };
    Ok((key(40394, "an object with keys 'k' and 'v', where the value of 'k' must be of type string", name)?, value))
}

fn key<'a>(code: i32, wanted: &str, name: &'a Bson) -> Result<&'a str> {
    name.as_str().ok_or_else(|| Error::at(code, format!("$arrayToObject requires {wanted}. Found type: {}", type_name(name))))
}

fn inconsistent(code: i32, first: &str, found: &Bson) -> Error {
    let kind = type_name(found);
    let message = format!(
        "$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. {first} was detected, now found: {kind}"
    );
    Error::at(code, message)
}
