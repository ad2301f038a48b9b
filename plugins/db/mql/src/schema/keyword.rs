//! Whether a value passes a keyword.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::subject::{Subject, ordered};
use super::{Dependency, Keyword, Limit, Properties, Rest};
use crate::expression::decimal128::Decimal;

impl Keyword {
    pub(super) fn passes(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Types(types) => types.contain(subject),
            Self::Enum(values) => {
                let value = subject.ordered();
                values.binary_search_by(|known| crate::compare(known, &value)).is_ok()
            }
            Self::Every(schemas) => schemas.iter().all(|schema| schema.passes(subject)),
            Self::Some(schemas) => schemas.iter().any(|schema| schema.passes(subject)),
            Self::One(schemas) => schemas.iter().filter(|schema| schema.passes(subject)).take(2).count() == 1,
            Self::Not(schema) => !schema.passes(subject),

            Self::MultipleOf(divisor) => subject.number().is_none_or(|n| Decimal::of(n).remainder(divisor).is_zero()),
            Self::Maximum(limit) => subject.number().is_none_or(|n| limit.allows(n, Ordering::Less)),
            Self::Minimum(limit) => subject.number().is_none_or(|n| limit.allows(n, Ordering::Greater)),

            Self::MaxLength(length) => subject.text().is_none_or(|text| text.chars().nth(*length).is_none()),
            Self::MinLength(length) => subject.text().is_none_or(|text| text.chars().take(*length).count() == *length),
            Self::Pattern(pattern) => subject.text().is_none_or(|text| pattern.regex().is_match(text)),

            Self::Items(schema) => subject.array().is_none_or(|items| items.iter().all(|item| schema.passes(Subject::Value(item)))),
            Self::Tuple(schemas, rest) => subject.array().is_none_or(|items| {
                items.iter().zip(schemas).all(|(item, schema)| schema.passes(Subject::Value(item)))
                    && items.iter().skip(schemas.len()).all(|item| rest.allows(item))
            }),
            Self::MaxItems(count) => subject.array().is_none_or(|items| items.len() <= *count),
            Self::MinItems(count) => subject.array().is_none_or(|items| items.len() >= *count),
            Self::UniqueItems => subject.array().is_none_or(are_unique),

            Self::MaxProperties(count) => subject.document().is_none_or(|doc| doc.len() <= *count),
            Self::MinProperties(count) => subject.document().is_none_or(|doc| doc.len() >= *count),
            Self::Required(names) => subject.document().is_none_or(|doc| names.iter().all(|name| doc.contains_key(name))),
            Self::Properties(properties) => subject.document().is_none_or(|doc| properties.allow(doc)),
            Self::Dependencies(dependencies) => subject
                .document()
                .is_none_or(|doc| dependencies.iter().all(|(name, dependency)| !doc.contains_key(name) || dependency.is_met(doc))),
        }
    }
}

impl Limit {
    /// Whether a number is the limit, or lies on a side of it.
    fn allows(&self, value: &Bson, side: Ordering) -> bool {
        // What is not a number is neither less nor greater than any other.
        if is_nan(value) != is_nan(&self.value) {
            return false;
        }
        match crate::compare(value, &self.value) {
            Ordering::Equal => !self.exclusive,
            order => order == side,
        }
    }
}

fn is_nan(value: &Bson) -> bool {
    match value {
        Bson::Double(n) => n.is_nan(),
        Bson::Decimal128(n) => Decimal::decode(*n).is_nan(),
        _ => false,
    }
}

impl Rest {
    fn allows(&self, value: &Bson) -> bool {
        match self {
            Self::Any => true,
            Self::None => false,
            Self::Schema(schema) => schema.passes(Subject::Value(value)),
        }
    }
}

impl Properties {
    fn allow(&self, doc: &Document) -> bool {
        let named = self.named.iter().all(|(name, schema)| doc.get(name).is_none_or(|value| schema.passes(Subject::Value(value))));
        let needs_all = !self.patterns.is_empty() || !matches!(self.rest, Rest::Any);
        named && (!needs_all || doc.iter().all(|(name, value)| self.allows(name, value)))
    }

    /// Whether the patterns that a field's name matches allow it, or what is said of all other
    /// fields if nothing else is said of it.
    fn allows(&self, name: &str, value: &Bson) -> bool {
        let mut known = false;
        for (pattern, schema) in &self.patterns {
            if pattern.regex().is_match(name) {
                known = true;
                if !schema.passes(Subject::Value(value)) {
                    return false;
                }
            }
        }
        known || matches!(self.rest, Rest::Any) || self.named.contains_key(name) || self.rest.allows(value)
    }
}

impl Dependency {
    fn is_met(&self, doc: &Document) -> bool {
        match self {
            Self::Fields(names) => names.iter().all(|name| doc.contains_key(name)),
            Self::Schema(schema) => schema.passes(Subject::Document(doc)),
        }
    }
}

fn are_unique(items: &[Bson]) -> bool {
    let mut values: Vec<_> = items.iter().map(ordered).collect();
    values.sort_by(|a, b| crate::compare(a, b));
    values.windows(2).all(|pair| !matches!(pair, [a, b] if crate::equal(a, b)))
}
