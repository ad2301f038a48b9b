//! From values to expressions.

use std::rc::Rc;

use bson::{Bson, Document};

use super::call::Call;
use super::named::Named;
use super::node::Node;
use super::path::FieldPath;
use super::regex::RegexCall;
use super::{Expression, control};
use crate::error::{Code, Error, Result};
use crate::filter::Patterns;

/// The names that an expression may use where it stands.
pub(crate) struct Scope {
    names: Vec<String>,
    patterns: Rc<Patterns>,
    depth: usize,
}

/// How many variables an expression may know at one place. They are looked for one by one.
pub(crate) const MAX_NAMES: usize = 1000;

/// That an expression knows too many variables.
pub(crate) fn too_many_names() -> Error {
    Error::bad(format!("an expression may use at most {MAX_NAMES} variables"))
}

impl Scope {
    /// For a part of the command that the regular expressions are of.
    pub(crate) fn new(names: Vec<String>, patterns: Rc<Patterns>) -> Self {
        Self { names, patterns, depth: 0 }
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Runs a parser with more names known.
    ///
    /// # Errors
    /// Those of the parser; `BadValue` when that are too many.
    pub(crate) fn knowing<T>(&mut self, names: &[&str], parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = self.names.len();
        if before.saturating_add(names.len()) > MAX_NAMES {
            return Err(too_many_names());
        }
        self.names.extend(names.iter().map(|name| (*name).to_owned()));
        let result = parse(self);
        self.names.truncate(before);
        result
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= Expression::MAX_DEPTH {
            return Err(Error::new(Code::Overflow, format!("exceeded the maximum depth of {} levels", Expression::MAX_DEPTH)));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }
}

/// Parses what stands where a value is expected.
pub(super) fn operand(value: &Bson, scope: &mut Scope) -> Result<Node> {
    scope.deeper(|scope| match value {
        Bson::String(text) if text.starts_with('$') => FieldPath::parse(text, scope).map(Node::Path),
        Bson::Document(doc) => document(doc, scope),
        Bson::Array(items) => {
            let nodes: Vec<Node> = items.iter().map(|item| operand(item, scope)).collect::<Result<_>>()?;
            Ok(match nodes.iter().map(literal).collect::<Option<Vec<_>>>() {
                Some(values) => Node::Literal(Bson::Array(values)),
                None => Node::Array(nodes),
            })
        }
        other => Ok(Node::Literal(other.clone())),
    })
}

fn literal(node: &Node) -> Option<Bson> {
    match node {
        Node::Literal(Bson::Undefined) => Some(Bson::Null),
        Node::Literal(value) => Some(value.clone()),
        _ => None,
    }
}

fn document(doc: &Document, scope: &mut Scope) -> Result<Node> {
    let first = doc.iter().next();
    if let Some((name, argument)) = first
        && name.starts_with('$')
    {
        if doc.len() > 1 {
            return Err(Error::at(15983, format!("an object representing an expression must have exactly one field: {doc}")));
        }
        return operator(name, argument, scope);
    }
    let mut fields: Vec<(String, Node)> = Vec::with_capacity(doc.len());
    for (name, value) in doc {
        field_name(name)?;
        fields.push((name.clone(), operand(value, scope)?));
    }
    let constant = |(name, node): &(String, Node)| match node {
        Node::Literal(Bson::Undefined) => None,
        Node::Literal(value) => Some((name.clone(), value.clone())),
        _ => None,
    };
    Ok(match fields.iter().map(constant).collect::<Option<Document>>() {
        Some(values) => Node::Literal(Bson::Document(values)),
        None => Node::Document(fields),
    })
}

/// Checks the name of a field that an expression makes.
pub(crate) fn field_name(name: &str) -> Result<()> {
    match name {
        "" => Err(Error::at(15998, "FieldPath field names may not be empty strings.")),
        _ if name.starts_with('$') => Err(Error::at(16410, "FieldPath field names may not start with '$'.")),
        _ if name.contains('.') => Err(Error::at(16412, "FieldPath field names may not contain '.'.")),
        _ => Ok(()),
    }
}

fn operator(name: &str, argument: &Bson, scope: &mut Scope) -> Result<Node> {
    match name {
        "$literal" | "$const" => {
            let value = match argument {
                Bson::Array(items) if items.len() == 1 && name == "$const" => items.first().cloned().unwrap_or(Bson::Null),
                value => value.clone(),
            };
            Ok(Node::Literal(value))
        }
        "$meta" => Err(Error::unsupported("the operator $meta")),
        "$and" => Ok(Node::And(arguments(argument, scope)?)),
        "$or" => Ok(Node::Or(arguments(argument, scope)?)),
        "$cond" => control::condition(argument, scope),
        "$ifNull" => Ok(Node::IfNull(Box::new(exactly(name, arguments(argument, scope)?)?))),
        "$switch" => control::switch(argument, scope),
        "$let" => control::binding(argument, scope),
        "$map" => control::map(argument, scope),
        "$filter" => control::filter(argument, scope),
        "$reduce" => control::reduce(argument, scope),
        "$regexFind" | "$regexFindAll" | "$regexMatch" => RegexCall::parse(name, argument, scope).map(|call| Node::Regex(Box::new(call))),
        _ => match Named::parse(name, argument, scope)? {
            Some(named) => Ok(Node::Named(named)),
            None => Call::parse(name, argument, scope).map(Node::Call),
        },
    }
}

/// The arguments of an operator: those of the array, or the one that is not an array.
pub(super) fn arguments(argument: &Bson, scope: &mut Scope) -> Result<Vec<Node>> {
    match argument {
        Bson::Array(items) => items.iter().map(|item| operand(item, scope)).collect(),
        single => Ok(vec![operand(single, scope)?]),
    }
}

pub(super) fn exactly<const N: usize>(name: &str, nodes: Vec<Node>) -> Result<[Node; N]> {
    let count = nodes.len();
    nodes.try_into().map_err(|_| wrong_count(name, N, count))
}

pub(super) fn wrong_count(name: &str, wanted: usize, count: usize) -> Error {
    Error::at(16020, format!("Expression {name} takes exactly {wanted} arguments. {count} were passed in."))
}
