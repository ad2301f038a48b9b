//! `$unwind`.

use std::sync::Arc;

use bson::{Bson, Document};

use super::super::nested;
use super::super::operator::{Inbox, Operator, Poll, Run};
use super::fields::names;
use crate::check::type_name;
use crate::error::{Error, Result};

/// A document for each element of an array.
#[derive(Clone, Debug)]
pub(in crate::aggregate) struct Unwind {
    path: Vec<String>,
    index: Option<Vec<String>>,
    /// Whether a document without elements goes on.
    preserve: bool,
}

impl Unwind {
    pub(in crate::aggregate) fn parse(value: &Bson) -> Result<Self> {
        let (mut path, mut index, mut preserve) = (None, None, false);
        match value {
            Bson::String(text) => path = Some(text),
            Bson::Document(spec) => {
                for (name, value) in spec {
                    let found = type_name(value);
                    match (name.as_str(), value) {
                        ("path", Bson::String(text)) => path = Some(text),
                        ("path", _) => {
                            return Err(Error::at(28808, format!("expected a string as the path for $unwind stage, got {found}")));
                        }
                        ("includeArrayIndex", Bson::String(text)) if !text.is_empty() => {
                            if text.starts_with('$') {
                                return Err(Error::at(
                                    28822,
                                    format!("includeArrayIndex option to $unwind stage should not be prefixed with a '$': {text}"),
                                ));
                            }
                            index = Some(names(text)?);
                        }
                        ("includeArrayIndex", _) => {
                            return Err(Error::at(
                                28810,
                                format!("expected a non-empty string for the includeArrayIndex  option to $unwind stage, got {found}"),
                            ));
                        }
                        ("preserveNullAndEmptyArrays", Bson::Boolean(wanted)) => preserve = *wanted,
                        ("preserveNullAndEmptyArrays", _) => {
                            return Err(Error::at(
                                28809,
                                format!("expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got {found}"),
                            ));
                        }
                        (name, _) => return Err(Error::at(28811, format!("unrecognized option to $unwind stage: {name}"))),
                    }
                }
            }
            other => {
                let found = type_name(other);
                return Err(Error::at(
                    15981,
                    format!("expected either a string or an object as specification for $unwind stage, got {found}"),
                ));
            }
        }
        let path = path.filter(|path| !path.is_empty()).ok_or_else(|| Error::at(28812, "no path specified to $unwind stage"))?;
        let Some(path) = path.strip_prefix('$') else {
            return Err(Error::at(28818, format!("path option to $unwind stage should be prefixed with a '$': {path}")));
        };
        Ok(Self { path: names(path)?, index, preserve })
    }

    pub(super) fn path(&self) -> &[String] {
        &self.path
    }

    /// A document with one element in place of all.
    pub(super) fn with(&self, mut doc: Document, element: Bson, position: usize) -> Document {
        nested::set(&mut doc, &self.path, element);
        if let Some(index) = &self.index {
            nested::set(&mut doc, index, Bson::Int64(i64::try_from(position).unwrap_or(i64::MAX)));
        }
        doc
    }

    /// A document without elements, if it goes on.
    pub(super) fn without(&self, mut doc: Document) -> Option<Document> {
        if let Some(index) = &self.index {
            nested::set(&mut doc, index, Bson::Null);
        }
        self.preserve.then_some(doc)
    }

    pub(in crate::aggregate) fn start(self: Arc<Self>) -> Box<dyn Operator> {
        Box::new(Unwinding { unwind: self, inbox: Inbox::default(), under_way: None })
    }
}

struct Unwinding {
    unwind: Arc<Unwind>,
    inbox: Inbox,
    under_way: Option<(Document, std::iter::Enumerate<std::vec::IntoIter<Bson>>)>,
}

impl Unwinding {
    fn begin(&mut self, mut doc: Document) -> Option<Document> {
        match nested::get_mut(&mut doc, &self.unwind.path) {
            Some(Bson::Array(items)) if items.is_empty() => {
                nested::remove(&mut doc, &self.unwind.path);
                self.unwind.without(doc)
            }
            Some(Bson::Array(items)) => {
                let items = std::mem::take(items);
                self.under_way = Some((doc, items.into_iter().enumerate()));
                None
            }
            None | Some(Bson::Null | Bson::Undefined) => self.unwind.without(doc),
            Some(_) => {
                if let Some(index) = &self.unwind.index {
                    nested::set(&mut doc, index, Bson::Null);
                }
                Some(doc)
            }
        }
    }
}

impl Operator for Unwinding {
    fn feed(&mut self, doc: Option<Document>, _run: &mut Run<'_>) -> Result<()> {
        self.inbox.put(doc);
        Ok(())
    }

    fn poll(&mut self, _run: &mut Run<'_>) -> Result<Poll> {
        if let Some(doc) = self.inbox.take()
            && let Some(doc) = self.begin(doc)
        {
            return Ok(Poll::Document(doc));
        }
        if let Some((doc, items)) = &mut self.under_way {
            if let Some((position, item)) = items.next() {
                let doc = if items.len() == 0 { std::mem::take(doc) } else { doc.clone() };
                return Ok(Poll::Document(self.unwind.with(doc, item, position)));
            }
            self.under_way = None;
        }
        Ok(self.inbox.otherwise())
    }
}
