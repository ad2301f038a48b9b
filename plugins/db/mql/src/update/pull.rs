//! `$pull`: removing the elements that meet a condition.

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::error::Result;
use crate::features;
use crate::filter::{Filter, PATHLESS};

/// What is removed.
#[derive(Clone, Debug)]
pub(crate) enum Pull {
    /// Documents that a filter matches.
    Documents(Filter),
    /// Elements that pass operators or a regular expression. The filter's path is the empty name.
    Elements(Filter),
    /// Elements that are equal to a value.
    Equal(Bson, Collation),
}

impl Pull {
    pub(super) fn parse(condition: &Bson, collation: &Collation) -> Result<Self> {
        let first = condition.as_document().and_then(|doc| doc.keys().next());
        let pull = match condition {
            Bson::Document(doc) if first.is_none_or(|name| !name.starts_with('$') || PATHLESS.contains(&name.as_str())) => {
                Self::Documents(Filter::parse_with(doc, collation)?)
            }
            Bson::Document(_) | Bson::RegularExpression(_) => {
                let mut wrapped = Document::new();
                wrapped.insert("", condition.clone());
                Self::Elements(Filter::parse_with(&wrapped, collation)?)
            }
            value => Self::Equal(value.clone(), collation.clone()),
        };
        if let Self::Documents(filter) | Self::Elements(filter) = &pull {
            features::refuse_special(filter)?;
        }
        Ok(pull)
    }

    /// Removes what is to be removed. Says whether there was anything.
    pub(super) fn apply(&self, items: &mut Vec<Bson>) -> bool {
        let before = items.len();
        match self {
            Self::Documents(filter) => items.retain(|item| !item.as_document().is_some_and(|doc| filter.matches(doc))),
            Self::Equal(value, collation) => items.retain(|item| !collation.equal(value, item)),
            Self::Elements(filter) => {
                let mut wrapped = Document::new();
                items.retain_mut(|item| {
                    wrapped.insert("", std::mem::take(item));
                    let kept = !filter.matches(&wrapped);
                    *item = wrapped.insert("", Bson::Null).unwrap_or(Bson::Null);
                    kept
                });
            }
        }
        items.len() != before
    }
}
