//! What the parsers of a command's parts share.

use std::rc::Rc;
use std::time::Instant;

use crate::error::Result;
use crate::expression::{MAX_NAMES, Scope, Variables, too_many_names};
use crate::filter::Patterns;

/// The names of the variables that expressions may use, and what is left of the regular
/// expressions that the command may have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    names: Vec<String>,
    patterns: Rc<Patterns>,
}

impl Known {
    /// For a new command, which has to be parsed by the deadline.
    pub(crate) fn new(names: Vec<String>, deadline: Option<Instant>) -> Self {
        Self { names, patterns: Rc::new(Patterns::until(deadline)) }
    }

    pub(crate) fn of(variables: &Variables) -> Self {
        Self::new(variables.names().map(str::to_owned).collect(), variables.watch.deadline())
    }

    /// The same command, where more names are known.
    pub(crate) fn with<'n>(&self, more: impl Iterator<Item = &'n str>) -> Self {
        let mut known = self.clone();
        known.names.extend(more.map(str::to_owned));
        known
    }

    /// These, if they are not too many.
    ///
    /// # Errors
    /// `BadValue` otherwise.
    pub(crate) fn checked(self) -> Result<Self> {
        if self.names.len() > MAX_NAMES {
            return Err(too_many_names());
        }
        Ok(self)
    }

    /// The same command, where no names are known.
    pub(crate) fn without_names(&self) -> Self {
        Self { names: Vec::new(), patterns: Rc::clone(&self.patterns) }
    }

    pub(crate) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::new(self.names.clone(), Rc::clone(&self.patterns))
    }
}
