//! The value that a schema is asked about: a document, or a value in one.

use std::borrow::Cow;

use bson::{Bson, Document};

use crate::check::type_name;

#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Document(&'a Document),
    Value(&'a Bson),
}

impl<'a> Subject<'a> {
    pub(super) fn document(self) -> Option<&'a Document> {
        match self {
            Self::Document(doc) | Self::Value(Bson::Document(doc)) => Some(doc),
            Self::Value(_) => None,
        }
    }

    pub(super) fn array(self) -> Option<&'a [Bson]> {
        match self {
            Self::Value(Bson::Array(items)) => Some(items),
            _ => None,
        }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Value(Bson::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(self) -> Option<&'a Bson> {
        match self {
            Self::Value(value) => crate::number::is_number(value).then_some(value),
            Self::Document(_) => None,
        }
    }

    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Document(_) => "object",
            Self::Value(value) => type_name(value),
        }
    }

    /// The value with the fields of its documents in order.
    pub(super) fn ordered(self) -> Cow<'a, Bson> {
        match self {
            Self::Document(doc) => Cow::Owned(Bson::Document(ordered_fields(doc))),
            Self::Value(value) => ordered(value),
        }
    }
}

/// A value with the fields of its documents in order, so that their order does not count.
pub(super) fn ordered(value: &Bson) -> Cow<'_, Bson> {
    match value {
        Bson::Document(doc) => Cow::Owned(Bson::Document(ordered_fields(doc))),
        Bson::Array(items) => Cow::Owned(Bson::Array(items.iter().map(|item| ordered(item).into_owned()).collect())),
        other => Cow::Borrowed(other),
    }
}

fn ordered_fields(doc: &Document) -> Document {
    let mut fields: Vec<(&String, &Bson)> = doc.iter().collect();
    fields.sort_by_key(|(name, _)| *name);
    fields.into_iter().map(|(name, value)| (name.clone(), ordered(value).into_owned())).collect()
}
