//! Field paths in expressions: `$a.b`, `$$variable.a.b`.

use std::borrow::Cow;

use bson::{Bson, Document};

use super::node::Env;
use super::parse::Scope;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// As many steps of a watch the copy of a whole document counts for, however small it is.
const COPY: usize = 1024;

/// A path that begins at a variable.
#[derive(Clone, Debug)]
pub(crate) struct FieldPath {
    variable: Variable,
    parts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Root,
    /// The root, unless a `$let` says otherwise.
    Current,
    Remove,
    Now,
    User(String),
}

impl FieldPath {
    /// Parses the text of an expression that begins with `$`.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self> {
        let (variable, parts) = match text.strip_prefix("$$") {
            Some("") => return Err(Error::at(16866, "empty variable names are not allowed")),
            Some(rest) => {
                let (name, path) = rest.split_once('.').map_or((rest, None), |(name, path)| (name, Some(path)));
                let variable = match name {
                    "ROOT" => Variable::Root,
                    "CURRENT" => Variable::Current,
                    "REMOVE" => Variable::Remove,
                    "NOW" => Variable::Now,
                    "CLUSTER_TIME" => {
                        return Err(Error::at(51144, "Builtin variable '$$CLUSTER_TIME' is not available"));
                    }
                    name => {
                        check_variable(name, false)?;
                        if !scope.knows(name) {
                            return Err(Error::at(17276, format!("Use of undefined variable: {name}")));
                        }
                        Variable::User(name.to_owned())
                    }
                };
                (variable, path.map(names).transpose()?.unwrap_or_default())
            }
            None => match text.strip_prefix('$') {
                None | Some("") => return Err(Error::at(16872, "'$' by itself is not a valid FieldPath")),
                Some(path) => (Variable::Current, names(path)?),
            },
        };
        Ok(Self { variable, parts })
    }

    /// The field of the document, if the path is one of the root document.
    pub(crate) fn of_root(&self) -> Option<&[String]> {
        (matches!(self.variable, Variable::Root | Variable::Current) && !self.parts.is_empty()).then_some(&self.parts)
    }

    pub(super) fn evaluate<'a>(&'a self, env: Env<'a>) -> Cow<'a, Bson> {
        let watch = &env.variables.watch;
        let start = match &self.variable {
            Variable::Current => match env.bound("CURRENT") {
                Some(bound) => bound,
                None => return from_document(env.root, &self.parts, watch),
            },
            Variable::Root => return from_document(env.root, &self.parts, watch),
            Variable::Remove => &Bson::Undefined,
            Variable::Now if self.parts.is_empty() => return Cow::Owned(Bson::DateTime(env.variables.now)),
            Variable::Now => &Bson::Undefined,
            Variable::User(name) => env.bound(name).or_else(|| env.variables.get(name)).unwrap_or(&Bson::Undefined),
        };
        follow(start, &self.parts, watch)
    }
}

/// The names of a dotted path, checked.
pub(crate) fn names(path: &str) -> Result<Vec<String>> {
    if path.is_empty() {
        return Err(Error::at(40352, "FieldPath cannot be constructed with empty string"));
    }
    if path.ends_with('.') {
        return Err(Error::at(40353, "FieldPath must not end with a '.'."));
    }
    let name = |part: &str| match part {
        "" => Err(Error::at(15998, "FieldPath field names may not be empty strings.")),
        part if part.starts_with('$') => Err(Error::at(16410, "FieldPath field names may not start with '$'.")),
        part if part.contains('\0') => Err(Error::at(16411, "FieldPath field names may not contain '\\0'.")),
        part => Ok(part.to_owned()),
    };
    path.split('.').map(name).collect()
}

/// Checks the name of a variable; one that is bound by the user begins with a small letter.
pub(super) fn check_variable(name: &str, binding: bool) -> Result<()> {
    let Some(first) = name.chars().next() else {
        return Err(Error::at(16866, "empty variable names are not allowed"));
    };
    if binding && name == "CURRENT" {
        return Ok(());
    }
    let allowed = !first.is_ascii() || first.is_ascii_lowercase() || (!binding && first.is_ascii_uppercase());
    if !allowed {
        return Err(Error::at(16867, format!("'{name}' starts with an invalid character for a user variable name")));
    }
    if name.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_') {
        return Err(Error::at(16868, format!("'{name}' contains an invalid character for a variable name")));
    }
    Ok(())
}

fn from_document<'a>(doc: &'a Document, parts: &[String], watch: &Watch) -> Cow<'a, Bson> {
    match parts.split_first() {
        None => {
            watch.note(COPY);
            Cow::Owned(Bson::Document(doc.clone()))
        }
        Some((first, rest)) => doc.get(first).map_or(Cow::Owned(Bson::Undefined), |value| follow(value, rest, watch)),
    }
}

/// In an array every element that is a document is followed; numbers are no positions here.
pub(crate) fn follow<'a>(value: &'a Bson, parts: &[String], watch: &Watch) -> Cow<'a, Bson> {
    if parts.is_empty() {
        return Cow::Borrowed(value);
    }
    match value {
        Bson::Document(doc) => from_document(doc, parts, watch),
        Bson::Array(items) => {
            watch.note(items.len());
            let found = items.iter().filter_map(|item| match item {
                Bson::Document(doc) => match from_document(doc, parts, watch).into_owned() {
                    Bson::Undefined => None,
                    value => Some(value),
                },
                _ => None,
            });
            Cow::Owned(Bson::Array(found.collect()))
        }
        _ => Cow::Owned(Bson::Undefined),
    }
}
