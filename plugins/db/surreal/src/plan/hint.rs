//! The index that a command names itself.

use std::sync::Arc;

use bson::Bson;
use mql::index::ID_INDEX;
use sdk_plugin::{Error, Result};

use super::{Access, IndexAccess, Plan, Wanted, access, collection, geo};
use crate::index::Index;
use crate::layout::{self, Range};
use crate::records::Records;

/// The plan that a hint asks for: an index by its name or key, or the collection by `$natural`.
///
/// # Errors
/// `InvalidParams.Format` when there is no such index, or it does not have the places of `$near`.
pub(super) async fn plan(records: &Records, wanted: &Wanted<'_>, hint: &Bson) -> Result<Plan> {
    let by_id = || collection(wanted);
    if let (Some(near), None) = (wanted.filter.near(), wanted.sort) {
        return match named(records, hint) {
            Ok(index) if geo::leads(&index.spec, near.path()) => Ok(super::nearest(records, near)),
            _ => Err(geo::no_sphere()),
        };
    }
    match hint {
        Bson::String(name) if name == ID_INDEX => return by_id(),
        Bson::Document(key) if key.len() == 1 => match key.iter().next() {
            Some((name, _)) if name == "_id" => return by_id(),
            Some((name, direction)) if name == "$natural" => {
                let reverse = match direction {
                    Bson::Int32(1) | Bson::Int64(1) => false,
                    Bson::Int32(-1) | Bson::Int64(-1) => true,
                    _ => return Err(Error::invalid_params("$natural hint must be 1 or -1")),
                };
                return Ok(Plan { access: Access::Collection { range: Range::ALL, reverse }, sorted: wanted.sort.is_none() });
            }
            _ => {}
        },
        _ => {}
    }
    let index = named(records, hint)?;
    Ok(match access(records, wanted, index).await? {
        Some(access) => Plan { sorted: wanted.sort.is_none() || access.sorted, access: Access::Index(access) },
        None if leaves_out(index) => {
            // It does not hold all documents, and nothing says that those are not asked for.
            by_id()?
        }
        None => Plan { access: Access::Index(whole(index)), sorted: wanted.sort.is_none() },
    })
}

fn named<'a>(records: &'a Records, hint: &Bson) -> Result<&'a Arc<Index>> {
    let is_meant = |index: &&Arc<Index>| match hint {
        Bson::String(name) => index.name() == name,
        Bson::Document(key) => mql::equal(&Bson::Document(key.clone()), &Bson::Document(index.spec.key().clone())),
        _ => false,
    };
    records.collection.indexes.iter().filter(|index| index.ready).find(is_meant).ok_or_else(|| {
        let message = "error processing query: planner returned error: bad hint";
        Error::invalid_params(message).with_context("mongodb", "BadValue (2)")
    })
}

fn leaves_out(index: &Index) -> bool {
    index.spec.is_sparse() || index.spec.partial().is_some() || index.spec.has_sphere()
}

/// All of an index.
fn whole(index: &Arc<Index>) -> IndexAccess {
    IndexAccess {
        index: index.clone(),
        ranges: vec![layout::all_entries()],
        reverse: false,
        repeats: true,
        shown: index.spec.fields().iter().map(|field| (field.path().to_owned(), Bson::Array(vec!["[MinKey, MaxKey]".into()]))).collect(),
        equalities: 0,
        bounded: 0,
        sorted: false,
    }
}
