//! Operators that take their arguments by name.

use std::borrow::Cow;

use bson::Bson;

use super::node::{Env, Node};
use super::parse::{Scope, arguments, operand};
use super::{conversion, date, trim, type_name, zip};
use crate::error::{Error, Result};

/// The values of the arguments in the order of the operator's names, `None` for one not given. An
/// argument that fails is an error only where it is asked for, as `onError` may not be.
pub(super) type NamedArgs<'a> = [Option<Result<Cow<'a, Bson>>>];

/// An operator with named arguments.
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) required: &'static [&'static str],
    /// Numbers of the errors: no document; an unknown name; a name that is not given. Zero is
    /// `FailedToParse`.
    pub(super) errors: [i32; 3],
    pub(super) run: fn(&'static str, &NamedArgs<'_>) -> Result<Bson>,
}

#[derive(Clone)]
pub(crate) struct Named {
    operator: &'static Operator,
    arguments: Vec<Option<Node>>,
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.operator.name).field("arguments", &self.arguments).finish()
    }
}

fn find(name: &str) -> Option<&'static Operator> {
    const CONVERT: &[Operator] = &[conversion::CONVERT];
    let mut all = [trim::OPERATORS, zip::OPERATORS, CONVERT].into_iter().chain(date::OPERATORS.iter().copied()).flatten();
    all.find(|operator| operator.name == name)
}

/// MongoDB words the errors of each group of operators in its own way.
fn no_document(name: &str, found: &Bson) -> String {
    let kind = type_name(found);
    match name {
        "$convert" => format!("$convert expects an object of named arguments but found: {kind}"),
        "$dateFromString" => format!("$dateFromString only supports an object as an argument, found: {kind}"),
        _ if name.starts_with("$date") => format!("{name} only supports an object as its argument"),
        _ => format!("{name} only supports an object as an argument, found {kind}"),
    }
}

fn unknown_argument(name: &str, argument: &str) -> String {
    if name.starts_with("$date") {
        format!("Unrecognized argument to {name}: {argument}")
    } else {
        format!("{name} found an unknown argument: {argument}")
    }
}

fn error(number: i32, message: String) -> Error {
    if number == 0 { Error::parse(message) } else { Error::at(number, message) }
}

impl Named {
    /// `None` when there is no operator of this name with named arguments.
    pub(super) fn parse(name: &str, argument: &Bson, scope: &mut Scope) -> Result<Option<Self>> {
        if date::takes_date_or_document(name) {
            return Self::parse_date_part(name, argument, scope);
        }
        if let Some(target) = conversion::short_form(name) {
            return Self::parse_short_form(name, target, argument, scope);
        }
        let Some(operator) = find(name) else {
            return Ok(None);
        };
        let [not_document, unknown, absent] = operator.errors;
        let Bson::Document(given) = argument else {
            return Err(error(not_document, no_document(name, argument)));
        };
        let mut arguments = vec![None; operator.arguments.len()];
        for (key, value) in given {
            let place = operator.arguments.iter().position(|argument| argument == key).and_then(|at| arguments.get_mut(at));
            match place {
                Some(place) => {
                    zip::check_argument(name, key, value)?;
                    *place = Some(operand(value, scope)?);
                }
                None => return Err(error(unknown, unknown_argument(name, key))),
            }
        }
        if let Some(missing) = operator.required.iter().find(|required| !given.contains_key(required)) {
            return Err(error(absent, format!("Missing '{missing}' parameter to {name}")));
        }
        date::check_arguments(name, given)?;
        Ok(Some(Self { operator, arguments }))
    }

    /// `$toInt` and its kind are `$convert` to a type that their name says.
    fn parse_short_form(name: &str, target: &str, argument: &Bson, scope: &mut Scope) -> Result<Option<Self>> {
        let Some(operator) = find(conversion::CONVERT.name) else {
            return Ok(None);
        };
        let mut nodes = arguments(argument, scope)?;
        if nodes.len() != 1 {
            return Err(Error::at(50723, format!("{name} requires a single argument, got {}", nodes.len())));
        }
        let target = Node::Literal(Bson::String(target.to_owned()));
        Ok(Some(Self { operator, arguments: vec![nodes.pop(), Some(target), None, None] }))
    }

    /// `$year` and its kind take `{date, timezone}` or any expression that gives a date.
    fn parse_date_part(name: &str, argument: &Bson, scope: &mut Scope) -> Result<Option<Self>> {
        let Some(operator) = find(name) else {
            return Ok(None);
        };
        let (date, timezone) = match argument {
            Bson::Document(doc) if !doc.keys().next().is_some_and(|key| key.starts_with('$')) => {
                if let Some(key) = doc.keys().find(|key| !matches!(key.as_str(), "date" | "timezone")) {
                    return Err(Error::at(40535, format!("unrecognized option to {name}: \"{key}\"")));
                }
                let Some(date) = doc.get("date") else {
                    return Err(Error::at(40539, format!("missing 'date' argument to {name}, provided: {doc}")));
                };
                (date, doc.get("timezone"))
            }
            Bson::Array(items) => match items.as_slice() {
                [date] => (date, None),
                _ => {
                    let message = format!("{name} accepts exactly one argument if given an array, but was given {}", items.len());
                    return Err(Error::at(40536, message));
                }
            },
            date => (date, None),
        };
        let timezone = timezone.map(|zone| operand(zone, scope)).transpose()?;
        Ok(Some(Self { operator, arguments: vec![Some(operand(date, scope)?), timezone] }))
    }

    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let mut room = env.room;
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for node in &self.arguments {
            let value = node.as_ref().map(|node| node.evaluate(env.with(room)));
            if let Some(Ok(Cow::Owned(owned))) = &value {
                room.hold(owned)?;
            }
            arguments.push(value);
        }
        (self.operator.run)(self.operator.name, &arguments)
    }
}

/// An argument by its place; `None` when it is not given.
///
/// # Errors
/// The error that its evaluation had.
pub(super) fn given<'a>(args: &'a NamedArgs<'_>, place: usize) -> Result<Option<&'a Bson>> {
    match args.get(place) {
        Some(Some(Ok(value))) => Ok(Some(value)),
        Some(Some(Err(error))) => Err(error.clone()),
        _ => Ok(None),
    }
}
