//! The tree of an expression, and its evaluation.

use std::borrow::Cow;

use bson::{Bson, Document};

use super::call::Call;
use super::control::{Filter, Let, Map, Reduce, Switch};
use super::named::Named;
use super::path::FieldPath;
use super::regex::RegexCall;
use super::room::Room;
use super::{Variables, nullish, truthy};
use crate::error::Result;

/// About how many steps of a watch an operator takes beside those that it counts itself.
const STEPS: usize = 64;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Literal(Bson),
    Path(FieldPath),
    Document(Vec<(String, Node)>),
    Array(Vec<Node>),
    Call(Call),
    Named(Named),
    Regex(Box<RegexCall>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Condition(Box<[Node; 3]>),
    IfNull(Box<[Node; 2]>),
    Switch(Box<Switch>),
    Let(Box<Let>),
    Map(Box<Map>),
    Filter(Box<Filter>),
    Reduce(Box<Reduce>),
}

/// What an expression is evaluated over.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(super) root: &'a Document,
    pub(super) variables: &'a Variables,
    frame: Option<&'a Frame<'a>>,
    /// What the values take that are held while a part of the expression is evaluated.
    pub(super) room: Room,
}

/// A variable that an operator binds for a part of the expression.
pub(crate) struct Frame<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a Bson,
    pub(crate) parent: Option<&'a Frame<'a>>,
}

impl<'a> Env<'a> {
    pub(crate) fn new(root: &'a Document, variables: &'a Variables) -> Self {
        Self { root, variables, frame: None, room: Room::new() }
    }

    pub(crate) fn within(self, frame: &'a Frame<'a>) -> Self {
        Self { frame: Some(frame), ..self }
    }

    pub(super) fn with(self, room: Room) -> Self {
        Self { room, ..self }
    }

    pub(super) fn bind(&self, name: &'a str, value: &'a Bson) -> Frame<'a> {
        Frame { name, value, parent: self.frame }
    }

    pub(super) fn bound(&self, name: &str) -> Option<&'a Bson> {
        let mut frame = self.frame;
        while let Some(bound) = frame {
            if bound.name == name {
                return Some(bound.value);
            }
            frame = bound.parent;
        }
        None
    }
}

impl Node {
    pub(crate) fn evaluate<'a>(&'a self, env: Env<'a>) -> Result<Cow<'a, Bson>> {
        if let Self::Literal(value) = self {
            return Ok(Cow::Borrowed(value));
        }
        env.variables.watch.spend(STEPS)?;
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Path(path) => Ok(path.evaluate(env)),
            Self::Document(fields) => {
                let mut room = env.room;
                let mut doc = Document::new();
                for (name, node) in fields {
                    let value = node.evaluate(env.with(room))?;
                    if !matches!(*value, Bson::Undefined) {
                        room.hold(&value)?;
                        doc.insert(name.clone(), value.into_owned());
                    }
                }
                Ok(Cow::Owned(Bson::Document(doc)))
            }
            Self::Array(nodes) => {
                let mut room = env.room;
                let mut items = Vec::with_capacity(nodes.len());
                for node in nodes {
                    let value = node.evaluate(env.with(room))?;
                    room.hold(&value)?;
                    items.push(or_null(value.into_owned()));
                }
                Ok(Cow::Owned(Bson::Array(items)))
            }
            Self::Call(call) => call.evaluate(env).map(Cow::Owned),
            Self::Named(named) => named.evaluate(env).map(Cow::Owned),
            Self::Regex(regex) => regex.evaluate(env).map(Cow::Owned),
            Self::And(all) => logical(all, env, true),
            Self::Or(any) => logical(any, env, false),
            Self::Condition(parts) => {
                let [test, then, otherwise] = parts.as_ref();
                if truthy(&*test.evaluate(env)?) { then.evaluate(env) } else { otherwise.evaluate(env) }
            }
            Self::IfNull(parts) => {
                let [value, replacement] = parts.as_ref();
                let value = value.evaluate(env)?;
                if nullish(&value) { replacement.evaluate(env) } else { Ok(value) }
            }
            Self::Switch(switch) => switch.evaluate(env),
            Self::Let(binding) => binding.evaluate(env).map(Cow::Owned),
            Self::Map(map) => map.evaluate(env).map(Cow::Owned),
            Self::Filter(filter) => filter.evaluate(env).map(Cow::Owned),
            Self::Reduce(reduce) => reduce.evaluate(env).map(Cow::Owned),
        }
    }
}

/// `$and` and `$or`: evaluation ends as soon as the answer is known.
fn logical<'a>(nodes: &'a [Node], env: Env<'a>, until: bool) -> Result<Cow<'a, Bson>> {
    for node in nodes {
        if truthy(&*node.evaluate(env)?) != until {
            return Ok(Cow::Owned(Bson::Boolean(!until)));
        }
    }
    Ok(Cow::Owned(Bson::Boolean(until)))
}

/// An array holds null where a value is missing.
pub(super) fn or_null(value: Bson) -> Bson {
    match value {
        Bson::Undefined => Bson::Null,
        value => value,
    }
}
