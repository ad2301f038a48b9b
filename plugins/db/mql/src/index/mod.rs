//! Indexes: what they are made over, and the keys of a document in them.

pub(crate) mod keys;
mod parse;
mod partial;

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::path::Path;

/// How many indexes a collection may have, that of `_id` included. MongoDB's own limit.
pub const MAX_INDEXES: usize = 64;

/// How many fields an index may have. MongoDB's own limit.
pub const MAX_FIELDS: usize = 32;

/// The name of the index of `_id`.
pub const ID_INDEX: &str = "_id_";

/// A checked index specification.
///
/// ```
/// use mql::bson::{bson, doc};
/// use mql::index::IndexSpec;
///
/// let index = IndexSpec::parse(&doc! {"key": {"tags": 1, "n": -1}, "name": "byTag"})?;
/// let keys = index.keys(&doc! {"_id": 1, "tags": ["a", "b"], "n": 5})?;
/// assert_eq!(keys, [[bson!("a"), bson!(5)], [bson!("b"), bson!(5)]]);
/// # Ok::<(), mql::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IndexSpec {
    name: String,
    key: Document,
    fields: Vec<IndexField>,
    unique: bool,
    sparse: bool,
    partial: Option<(Document, Filter)>,
    collation: Collation,
    collation_option: Option<Document>,
    expire_after_seconds: Option<i64>,
}

/// One field of an index.
#[derive(Clone, Debug)]
pub struct IndexField {
    path: Path,
    kind: FieldKind,
}

/// How an index keeps a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Its values, in their order.
    Ascending,
    /// Its values, in reverse.
    Descending,
    /// The cells of its geometry.
    Sphere,
}

impl IndexField {
    /// The dotted path.
    pub fn path(&self) -> &str {
        self.path.text()
    }

    /// How it is kept.
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// Whether its values come in reverse.
    pub fn is_descending(&self) -> bool {
        self.kind == FieldKind::Descending
    }
}

impl IndexSpec {
    /// The index of `_id` that every collection has.
    pub fn id() -> Self {
        let mut key = Document::new();
        key.insert("_id", 1);
        Self {
            name: ID_INDEX.to_owned(),
            key,
            fields: vec![IndexField { path: Path::new("_id"), kind: FieldKind::Ascending }],
            unique: true,
            sparse: false,
            partial: None,
            collation: Collation::simple(),
            collation_option: None,
            expire_after_seconds: None,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key pattern, such as `{"a": 1, "b": -1}`.
    pub fn key(&self) -> &Document {
        &self.key
    }

    /// The fields, in order.
    pub fn fields(&self) -> &[IndexField] {
        &self.fields
    }

    /// Whether no two documents may have the same key.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// Whether documents that have none of the fields are left out.
    pub fn is_sparse(&self) -> bool {
        self.sparse
    }

    /// What documents must match to be in the index, if not all are.
    pub fn partial(&self) -> Option<&Filter> {
        self.partial.as_ref().map(|(_, filter)| filter)
    }

    /// How strings compare. The keys of strings are in that order.
    pub fn collation(&self) -> &Collation {
        &self.collation
    }

    /// How long after the date in its field a document is removed.
    pub fn expire_after_seconds(&self) -> Option<i64> {
        self.expire_after_seconds
    }

    /// Whether it is the index of `_id`.
    pub fn is_id(&self) -> bool {
        self.name == ID_INDEX
    }

    /// Whether a field is kept as the cells of its geometry.
    pub fn has_sphere(&self) -> bool {
        self.fields.iter().any(|field| field.kind == FieldKind::Sphere)
    }

    /// The specification as `listIndexes` shows it, and as [`parse`](Self::parse) takes it.
    pub fn document(&self) -> Document {
        let mut doc = Document::new();
        doc.insert("v", 2);
        doc.insert("key", self.key.clone());
        doc.insert("name", self.name.clone());
        if self.unique && !self.is_id() {
            doc.insert("unique", true);
        }
        if self.sparse {
            doc.insert("sparse", true);
        }
        if let Some((partial, _)) = &self.partial {
            doc.insert("partialFilterExpression", partial.clone());
        }
        if let Some(seconds) = self.expire_after_seconds {
            doc.insert("expireAfterSeconds", i32::try_from(seconds).map_or(Bson::Int64(seconds), Bson::Int32));
        }
        if let Some(collation) = &self.collation_option {
            doc.insert("collation", collation.clone());
        }
        if self.has_sphere() {
            doc.insert("2dsphereIndexVersion", 3);
        }
        doc
    }

    /// Whether the index is new beside those that exist; not if the same one is there already.
    ///
    /// # Errors
    /// `IndexKeySpecsConflict` and `IndexOptionsConflict` when one of the same name or keys is
    /// different otherwise; `CannotCreateIndex` when there are [`MAX_INDEXES`] already.
    pub fn is_new(&self, existing: &[Self]) -> Result<bool> {
        let same_keys = |other: &&Self| self.key_matches(other) && self.collation == other.collation;
        if let Some(other) = existing.iter().find(|other| other.name == self.name) {
            if !same_keys(&other) {
                return Err(Error::new(
                    Code::IndexKeySpecsConflict,
                    format!(
                        "Index must have unique name.The existing index: {} has the same name as the requested index: {}",
                        other.document(),
                        self.document()
                    ),
                ));
            }
            if !self.options_match(other) {
                return Err(Error::new(
                    Code::IndexOptionsConflict,
                    format!("Index with name: {} already exists with different options", self.name),
                ));
            }
            return Ok(false);
        }
        if let Some(other) = existing.iter().find(same_keys) {
            let message = if self.options_match(other) {
                format!("Index with name: {} already exists with a different name", other.name)
            } else {
                format!("Index with pattern: {} already exists with different options", self.key)
            };
            return Err(Error::new(Code::IndexOptionsConflict, message));
        }
        if existing.len() >= MAX_INDEXES {
            return Err(Error::new(Code::CannotCreateIndex, format!("add index fails, too many indexes key:{}", self.key)));
        }
        Ok(true)
    }

    fn key_matches(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(a, b)| a.kind == b.kind && a.path.text() == b.path.text())
    }

    fn options_match(&self, other: &Self) -> bool {
        let partial = |spec: &Self| spec.partial.as_ref().map(|(doc, _)| Bson::Document(doc.clone()));
        let same_partial = match (partial(self), partial(other)) {
            (Some(a), Some(b)) => crate::equal(&a, &b),
            (None, None) => true,
            _ => false,
        };
        same_partial && (self.unique, self.sparse, self.expire_after_seconds) == (other.unique, other.sparse, other.expire_after_seconds)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
