//! `$sortByCount`.

use bson::{Bson, Document, doc};

use super::super::accumulator::Accumulated;
use super::group::{By, Group};
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::known::Known;

/// The stage as the group that it is, which is to be sorted by [`order`].
pub(in crate::aggregate) fn parse(value: &Bson, known: &Known) -> Result<Group> {
    match value {
        Bson::String(text) if text.starts_with('$') => {}
        Bson::String(_) => {
            return Err(Error::at(40148, "the sortByCount field must be defined as a $-prefixed path or an expression inside an object"));
        }
        Bson::Document(doc) if doc.keys().next().is_some_and(|name| name.starts_with('$')) => {}
        Bson::Document(_) => return Err(Error::at(40147, "the sortByCount field must be an expression inside an object")),
        _ => return Err(Error::at(40149, "the sortByCount field must be specified as a string or as an object")),
    }
    let by = Expression::parse_in(value, &mut known.scope())?;
    Ok(Group::new(By::Value(by), vec![Accumulated::count("count")?]))
}

pub(in crate::aggregate) fn order() -> Document {
    doc! {"count": -1}
}
