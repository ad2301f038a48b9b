//! `arrayFilters`: which elements `$[identifier]` stands for.

use std::collections::{HashMap, HashSet};

use bson::{Bson, Document};

use crate::collation::Collation;
use crate::error::{Error, Result};
use crate::features;
use crate::filter::{Expr, Filter};
use crate::known::Known;
use crate::watch::Watch;

/// The array filters of an update, by their identifiers.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrayFilters {
    filters: Vec<(String, Filter)>,
    /// Where each identifier is among them.
    places: HashMap<String, usize>,
}

impl ArrayFilters {
    /// Parses the option `arrayFilters`.
    ///
    /// # Errors
    /// `FailedToParse` for a filter on no field, on several, or on one that has a filter already;
    /// `BadValue` for a name that is no identifier; the errors of the filters themselves.
    pub(super) fn parse(filters: &[Document], collation: &Collation, known: &Known) -> Result<Self> {
        let mut parsed: Vec<(String, Filter)> = Vec::with_capacity(filters.len());
        let mut places = HashMap::new();
        for doc in filters {
            let filter = Filter::parse_knowing(doc, collation, known).and_then(|filter| features::refuse_special(&filter).map(|()| filter));
            let filter = filter.map_err(within)?;
            let mut name = None;
            identifier(&filter.root, &mut name).map_err(within)?;
            let Some(name) = name.map(str::to_owned) else {
                return Err(Error::parse("Cannot use an expression without a top-level field name in arrayFilters"));
            };
            if !is_identifier(&name) {
                return Err(within(Error::bad(format!(
                    "The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '{name}'"
                ))));
            }
            if places.insert(name.clone(), parsed.len()).is_some() {
                return Err(Error::parse(format!("Found multiple array filters with the same top-level field name {name}")));
            }
            parsed.push((name, filter));
        }
        Ok(Self { filters: parsed, places })
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    /// Refuses filters that no path uses.
    ///
    /// # Errors
    /// `FailedToParse`.
    pub(super) fn refuse_unused(&self, used: &HashSet<String>, update: &Document) -> Result<()> {
        match self.filters.iter().find(|(id, _)| !used.contains(id)) {
            None => Ok(()),
            Some((id, _)) => {
                let shown: String = crate::json::to_string(&Bson::Document(update.clone())).chars().take(500).collect();
                Err(Error::parse(format!("The array filter for identifier '{id}' was not used in the update {shown}")))
            }
        }
    }

    /// The filter of an identifier.
    pub(super) fn get(&self, id: &str) -> Option<ArrayFilter<'_>> {
        self.filters.get(*self.places.get(id)?).map(|(name, filter)| ArrayFilter { name, filter })
    }
}

/// One array filter.
#[derive(Clone, Copy)]
pub(super) struct ArrayFilter<'a> {
    name: &'a str,
    filter: &'a Filter,
}

impl ArrayFilter<'_> {
    /// Whether it matches an element. The answer means nothing when the watch is over.
    pub(super) fn matches(self, element: &Bson, watch: &Watch) -> bool {
        let mut wrapped = Document::new();
        wrapped.insert(self.name, element.clone());
        self.filter.matches_in(&wrapped, watch)
    }
}

fn within(error: Error) -> Error {
    Error::new(error.code(), format!("Error parsing array filter :: caused by :: {}", error.message()))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn identifier<'a>(expr: &'a Expr, found: &mut Option<&'a str>) -> Result<()> {
    match expr {
        Expr::And(all) | Expr::Or(all) | Expr::Nor(all) => all.iter().try_for_each(|expr| identifier(expr, found)),
        Expr::Not(inner) => identifier(inner, found),
        Expr::Field(path, _) => {
            let name = path.parts().first().map_or("", String::as_str);
            match found {
                Some(other) if *other != name => {
                    Err(Error::parse(format!("Expected a single top-level field name, found '{other}' and '{name}'")))
                }
                _ => {
                    *found = Some(name);
                    Ok(())
                }
            }
        }
        Expr::Expression(_) | Expr::Schema(_) | Expr::Always(_) => Ok(()),
    }
}
