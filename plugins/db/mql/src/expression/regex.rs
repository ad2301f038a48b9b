//! `$regexFind`, `$regexFindAll`, `$regexMatch`.

use std::borrow::Cow;

use bson::{Bson, Document};
use regex::Captures;

use super::node::{Env, Node};
use super::parse::{Scope, operand};
use super::room::Room;
use super::{array, nullish, type_name};
use crate::error::{Code, Error, Result};
use crate::filter::{End, Pattern, Patterns};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Find,
    FindAll,
    Match,
}

#[derive(Clone, Debug)]
pub(crate) struct RegexCall {
    name: &'static str,
    kind: Kind,
    input: Node,
    regex: Node,
    options: Option<Node>,
    /// The pattern, if it does not depend on the document.
    pattern: Option<Pattern>,
}

impl RegexCall {
    pub(super) fn parse(name: &str, argument: &Bson, scope: &mut Scope) -> Result<Self> {
        let (name, kind) = match name {
            "$regexFind" => ("$regexFind", Kind::Find),
            "$regexFindAll" => ("$regexFindAll", Kind::FindAll),
            _ => ("$regexMatch", Kind::Match),
        };
        let Bson::Document(doc) = argument else {
            return Err(Error::at(51103, format!("{name} expects an object of named arguments but found: {}", type_name(argument))));
        };
        if let Some(key) = doc.keys().find(|key| !matches!(key.as_str(), "input" | "regex" | "options")) {
            return Err(Error::at(31024, format!("{name} found an unknown argument: {key}")));
        }
        let part = |part: &str, code| doc.get(part).ok_or_else(|| Error::at(code, format!("{name} requires '{part}' parameter")));
        let input = operand(part("input", 31022)?, scope)?;
        let regex = operand(part("regex", 31023)?, scope)?;
        let options = doc.get("options").map(|options| operand(options, scope)).transpose()?;
        let pattern = match (&regex, &options) {
            (Node::Literal(regex), None) => pattern(name, regex, &Bson::Undefined, Some(scope.patterns()))?,
            (Node::Literal(regex), Some(Node::Literal(options))) => pattern(name, regex, options, Some(scope.patterns()))?,
            _ => None,
        };
        Ok(Self { name, kind, input, regex, options, pattern })
    }

    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let input = self.input.evaluate(env)?;
        let text = match &*input {
            value if nullish(value) => None,
            Bson::String(text) => Some(text.as_str()),
            other => {
                let message = format!("{} needs 'input' to be of type string, but got {}", self.name, type_name(other));
                return Err(Error::at(51104, message));
            }
        };
        let pattern = match &self.pattern {
            Some(pattern) => Some(Cow::Borrowed(pattern)),
            None => {
                let options = self.options.as_ref().map_or(Ok(Cow::Owned(Bson::Undefined)), |options| options.evaluate(env))?;
                let regex = self.regex.evaluate(env)?;
                env.variables.watch.check()?;
                pattern(self.name, &regex, &options, None)?.map(Cow::Owned)
            }
        };
        let (Some(text), Some(pattern)) = (text, pattern) else {
            return Ok(match self.kind {
                Kind::Find => Bson::Null,
                Kind::FindAll => Bson::Array(Vec::new()),
                Kind::Match => Bson::Boolean(false),
            });
        };
        Ok(match self.kind {
            Kind::Find => pattern.regex().captures(text).map_or(Bson::Null, |found| result(&found, text, 0, 0).0),
            Kind::FindAll => Bson::Array(find_all(&pattern, text)?),
            Kind::Match => Bson::Boolean(pattern.regex().is_match(text)),
        })
    }
}

/// The pattern that `regex` and `options` make; none if `regex` is null or missing. It is one of the
/// command's, unless it depends on a document.
fn pattern(name: &str, regex: &Bson, options: &Bson, patterns: Option<&Patterns>) -> Result<Option<Pattern>> {
    let (source, own) = match regex {
        value if nullish(value) => ("", None),
        Bson::String(source) => (source.as_str(), None),
        Bson::RegularExpression(regex) => (regex.pattern.as_str(), Some(regex.options.as_str())),
        other => {
            let message = format!("{name} needs 'regex' to be of type string or regex, but got {}", type_name(other));
            return Err(Error::at(51105, message));
        }
    };
    let options = match options {
        value if nullish(value) => own.unwrap_or(""),
        Bson::String(_) if own.is_some_and(|own| !own.is_empty()) => {
            return Err(Error::at(51107, format!("{name} found regex option(s) specified in both 'regex' and 'option' fields")));
        }
        Bson::String(options) => options.as_str(),
        other => {
            return Err(Error::at(51106, format!("{name} needs 'options' to be of type string, but got {}", type_name(other))));
        }
    };
    if source.contains('\0') {
        return Err(Error::at(51109, format!("{name}: regular expression cannot contain an embedded null byte")));
    }
    if options.contains('\0') {
        return Err(Error::at(51110, format!("{name}: regular expression options string cannot contain an embedded null byte")));
    }
    if let Some(flag) = options.chars().find(|flag| !matches!(flag, 'i' | 'm' | 's' | 'x' | 'u')) {
        return Err(Error::at(51108, format!("{name} invalid flag in regex options: {flag}")));
    }
    if nullish(regex) {
        return Ok(None);
    }
    let compiled = match patterns {
        Some(patterns) => patterns.compile(source, options, End::Text),
        None => Pattern::alone(source, options, End::Text),
    };
    compiled.map(Some).map_err(|error| match error.code() {
        Code::MaxTimeMSExpired => error,
        _ => Error::at(51111, format!("Invalid Regex in {name}: {}", error.message())),
    })
}

/// What was found as a document, and the number of characters before it. `known` characters lie
/// before the byte `from`, which is not after the match.
fn result(found: &Captures<'_>, text: &str, from: usize, known: usize) -> (Bson, usize) {
    let (whole, start) = found.get(0).map_or(("", from), |whole| (whole.as_str(), whole.start()));
    let before = known.saturating_add(text.get(from..start).unwrap_or_default().chars().count());
    let captures = found.iter().skip(1).map(|group| group.map_or(Bson::Null, |group| group.as_str().into()));
    let mut doc = Document::new();
    doc.insert("match", whole);
    doc.insert("idx", array::length(before));
    doc.insert("captures", captures.collect::<Vec<Bson>>());
    (Bson::Document(doc), before)
}

/// After an empty match the search goes on one character later; nothing is searched for after the
/// end of the text.
fn find_all(pattern: &Pattern, text: &str) -> Result<Vec<Bson>> {
    let mut room = Room::new();
    let mut all = Vec::new();
    let (mut at, mut from, mut known) = (0, 0, 0);
    while let Some(found) = pattern.regex().captures_at(text, at) {
        let (value, before) = result(&found, text, from, known);
        room.hold(&value)?;
        all.push(value);
        let Some(whole) = found.get(0) else {
            break;
        };
        (from, known) = (whole.start(), before);
        let step = text.get(whole.end()..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        at = if whole.is_empty() { whole.end() + step } else { whole.end() };
        if at >= text.len() {
            break;
        }
    }
    Ok(all)
}
