//! MongoDB's language over documents: filters, updates, projections, sort orders and aggregation
//! pipelines, and what indexes keep of documents, as MongoDB 4.2 documents them. Nothing here
//! does I/O, so that any store can use it.
//!
//! Values are [`bson::Bson`]; documents keep the order of their fields. [`json`] reads the JSON
//! that the mini-program SDK sends, Extended JSON included, and writes what it expects.
//!
//! ```
//! use mql::{Filter, Update, json};
//!
//! let mut doc = json::document(br#"{"_id":1,"tags":["a","b"],"n":1}"#)?;
//! let filter = Filter::parse(&json::document(br#"{"tags":"b","n":{"$lt":5}}"#)?)?;
//! assert!(filter.matches(&doc));
//! Update::parse(&json::document(br#"{"$inc":{"n":2}}"#)?)?.apply(&mut doc)?;
//! assert_eq!(doc.get_i32("n")?, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

pub mod aggregate;
pub mod bounds;
pub mod check;
mod collation;
mod compare;
mod decimal;
mod error;
pub mod expression;
mod extjson;
mod features;
mod filter;
pub mod geo;
pub mod index;
pub mod iso;
pub mod json;
pub mod key;
mod number;
mod path;
mod projection;
mod schema;
mod sort;
mod update;

pub use bson;

pub use crate::collation::Collation;
pub use crate::compare::{compare, equal};
pub use crate::error::{Code, Error, Result};
pub use crate::filter::{Filter, Matched};
pub use crate::path::distinct_values;
pub use crate::projection::Projection;
pub use crate::sort::{Sort, SortKey};
pub use crate::update::{Replacement, Update, UpdateOptions};
