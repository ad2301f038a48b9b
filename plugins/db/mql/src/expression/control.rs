//! Operators that evaluate their arguments conditionally or repeatedly: `$cond`, `$switch`,
//! `$let`, `$map`, `$filter`, `$reduce`.

use std::borrow::Cow;

use bson::{Bson, Document};

use super::node::{Env, Node, or_null};
use super::parse::{Scope, arguments, exactly, operand};
use super::path::check_variable;
use super::{nullish, truthy, type_name};
use crate::error::{Error, Result};

#[derive(Clone, Debug)]
pub(crate) struct Switch {
    branches: Vec<(Node, Node)>,
    default: Option<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Let {
    variables: Vec<(String, Node)>,
    body: Node,
}

#[derive(Clone, Debug)]
pub(crate) struct Map {
    input: Node,
    variable: String,
    body: Node,
}

#[derive(Clone, Debug)]
pub(crate) struct Filter {
    input: Node,
    variable: String,
    condition: Node,
}

#[derive(Clone, Debug)]
pub(crate) struct Reduce {
    input: Node,
    initial: Node,
    body: Node,
}

pub(super) fn condition(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let Bson::Document(doc) = argument else {
        return Ok(Node::Condition(Box::new(exactly("$cond", arguments(argument, scope)?)?)));
    };
    if doc.keys().next().is_some_and(|key| key.starts_with('$')) {
        return Ok(Node::Condition(Box::new(exactly("$cond", arguments(argument, scope)?)?)));
    }
    if let Some(key) = doc.keys().find(|key| !matches!(key.as_str(), "if" | "then" | "else")) {
        return Err(Error::at(17083, format!("Unrecognized parameter to $cond: {key}")));
    }
    let mut part = |name: &str, number| match doc.get(name) {
        Some(value) => operand(value, scope),
        None => Err(Error::at(number, format!("Missing '{name}' parameter to $cond"))),
    };
    Ok(Node::Condition(Box::new([part("if", 17080)?, part("then", 17081)?, part("else", 17082)?])))
}

pub(super) fn switch(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let Bson::Document(doc) = argument else {
        return Err(Error::at(40060, format!("$switch requires an object as an argument, found: {}", type_name(argument))));
    };
    let mut switch = Switch { branches: Vec::new(), default: None };
    for (key, value) in doc {
        match (key.as_str(), value) {
            ("branches", Bson::Array(branches)) => {
                for branch in branches {
                    switch.branches.push(self::branch(branch, scope)?);
                }
            }
            ("branches", other) => {
                return Err(Error::at(40061, format!("$switch expected an array for 'branches', found: {}", type_name(other))));
            }
            ("default", value) => switch.default = Some(operand(value, scope)?),
            (key, _) => return Err(Error::at(40067, format!("$switch found an unknown argument: {key}"))),
        }
    }
    if switch.branches.is_empty() {
        return Err(Error::at(40068, "$switch requires at least one branch."));
    }
    Ok(Node::Switch(Box::new(switch)))
}

fn branch(branch: &Bson, scope: &mut Scope) -> Result<(Node, Node)> {
    let Bson::Document(doc) = branch else {
        return Err(Error::at(40062, format!("$switch expected each branch to be an object, found: {}", type_name(branch))));
    };
    if let Some(key) = doc.keys().find(|key| !matches!(key.as_str(), "case" | "then")) {
        return Err(Error::at(40063, format!("$switch found an unknown argument to a branch: {key}")));
    }
    let case = doc.get("case").ok_or_else(|| Error::at(40064, "$switch requires each branch have a 'case' expression"))?;
    let then = doc.get("then").ok_or_else(|| Error::at(40065, "$switch requires each branch have a 'then' expression."))?;
    Ok((operand(case, scope)?, operand(then, scope)?))
}

impl Switch {
    pub(super) fn evaluate<'a>(&'a self, env: Env<'a>) -> Result<Cow<'a, Bson>> {
        for (case, then) in &self.branches {
            if truthy(&*case.evaluate(env)?) {
                return then.evaluate(env);
            }
        }
        match &self.default {
            Some(default) => default.evaluate(env),
            None => Err(Error::at(40066, "$switch could not find a matching branch for an input, and no default was specified.")),
        }
    }
}

/// The arguments of an operator by name, with MongoDB's number for each kind of error.
fn members<'d, const N: usize>(operator: &str, argument: &'d Bson, names: [&str; N], errors: [i32; 2]) -> Result<[Option<&'d Bson>; N]> {
    let [not_document, unknown] = errors;
    let Bson::Document(doc) = argument else {
        return Err(Error::at(not_document, format!("{operator} only supports an object as its argument")));
    };
    if let Some(key) = doc.keys().find(|key| !names.contains(&key.as_str())) {
        return Err(Error::at(unknown, format!("Unrecognized parameter to {operator}: {key}")));
    }
    Ok(names.map(|name| doc.get(name)))
}

fn required<'d>(operator: &str, name: &str, value: Option<&'d Bson>, number: i32) -> Result<&'d Bson> {
    value.ok_or_else(|| Error::at(number, format!("Missing '{name}' parameter to {operator}")))
}

fn variable(value: Option<&Bson>) -> Result<String> {
    let name = match value {
        None => "this",
        Some(Bson::String(name)) => name.as_str(),
        Some(_) => "",
    };
    check_variable(name, true)?;
    Ok(name.to_owned())
}

pub(super) fn binding(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let [vars, body] = members("$let", argument, ["vars", "in"], [16874, 16875])?;
    let vars = required("$let", "vars", vars, 16876)?;
    let body = required("$let", "in", body, 16877)?;
    let Bson::Document(vars) = vars else {
        return Err(Error::at(10065, format!("invalid parameter: expected an object (vars), found {}", type_name(vars))));
    };
    let variables = bindings(vars, scope)?;
    let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let body = scope.knowing(&names, |scope| operand(body, scope))?;
    Ok(Node::Let(Box::new(Let { variables, body })))
}

fn bindings(vars: &Document, scope: &mut Scope) -> Result<Vec<(String, Node)>> {
    let binding = |(name, value): (&String, &Bson)| {
        check_variable(name, true)?;
        Ok((name.clone(), operand(value, scope)?))
    };
    vars.iter().map(binding).collect()
}

impl Let {
    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let mut room = env.room;
        let mut values = Vec::with_capacity(self.variables.len());
        for (name, node) in &self.variables {
            let value = node.evaluate(env.with(room))?;
            if let Cow::Owned(owned) = &value {
                room.hold(owned)?;
            }
            values.push((name.as_str(), value));
        }
        with_all(&values, &self.body, env.with(room))
    }
}

fn with_all(values: &[(&str, Cow<'_, Bson>)], body: &Node, env: Env<'_>) -> Result<Bson> {
    match values.split_first() {
        None => body.evaluate(env).map(Cow::into_owned),
        Some(((name, value), rest)) => with_all(rest, body, env.within(&env.bind(name, value))),
    }
}

pub(super) fn map(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let [input, name, body] = members("$map", argument, ["input", "as", "in"], [16878, 16879])?;
    let input = operand(required("$map", "input", input, 16880)?, scope)?;
    let body = required("$map", "in", body, 16882)?;
    let variable = variable(name)?;
    let body = scope.knowing(&[&variable], |scope| operand(body, scope))?;
    Ok(Node::Map(Box::new(Map { input, variable, body })))
}

impl Map {
    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let input = self.input.evaluate(env)?;
        let items = match &*input {
            value if nullish(value) => return Ok(Bson::Null),
            Bson::Array(items) => items,
            other => return Err(Error::at(16883, format!("input to $map must be an array not {}", type_name(other)))),
        };
        let mut room = env.room;
        if let Cow::Owned(owned) = &input {
            room.hold(owned)?;
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            env.variables.watch.spend(1)?;
            let bound = env.bind(&self.variable, item);
            let value = self.body.evaluate(env.with(room).within(&bound))?;
            room.hold(&value)?;
            results.push(or_null(value.into_owned()));
        }
        Ok(Bson::Array(results))
    }
}

pub(super) fn filter(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let [input, name, condition] = members("$filter", argument, ["input", "as", "cond"], [28646, 28647])?;
    let input = operand(required("$filter", "input", input, 28648)?, scope)?;
    let condition = required("$filter", "cond", condition, 28650)?;
    let variable = variable(name)?;
    let condition = scope.knowing(&[&variable], |scope| operand(condition, scope))?;
    Ok(Node::Filter(Box::new(Filter { input, variable, condition })))
}

impl Filter {
    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let input = self.input.evaluate(env)?;
        let items = match &*input {
            value if nullish(value) => return Ok(Bson::Null),
            Bson::Array(items) => items,
            other => return Err(Error::at(28651, format!("input to $filter must be an array not {}", type_name(other)))),
        };
        let mut room = env.room;
        if let Cow::Owned(owned) = &input {
            room.hold(owned)?;
        }
        let mut kept = Vec::new();
        for item in items {
            env.variables.watch.spend(1)?;
            if truthy(&*self.condition.evaluate(env.with(room).within(&env.bind(&self.variable, item)))?) {
                kept.push(item.clone());
            }
        }
        Ok(Bson::Array(kept))
    }
}

pub(super) fn reduce(argument: &Bson, scope: &mut Scope) -> Result<Node> {
    let Bson::Document(doc) = argument else {
        return Err(Error::at(40075, format!("$reduce requires an object as an argument, found: {}", type_name(argument))));
    };
    if let Some(key) = doc.keys().find(|key| !matches!(key.as_str(), "input" | "initialValue" | "in")) {
        return Err(Error::at(40076, format!("$reduce found an unknown argument: {key}")));
    }
    let part = |name: &str, number| doc.get(name).ok_or_else(|| Error::at(number, format!("$reduce requires '{name}' to be specified")));
    let input = operand(part("input", 40077)?, scope)?;
    let initial = operand(part("initialValue", 40078)?, scope)?;
    let body = part("in", 40079)?;
    let body = scope.knowing(&["this", "value"], |scope| operand(body, scope))?;
    Ok(Node::Reduce(Box::new(Reduce { input, initial, body })))
}

impl Reduce {
    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        let input = self.input.evaluate(env)?;
        let items = match &*input {
            value if nullish(value) => return Ok(Bson::Null),
            Bson::Array(items) => items,
            other => return Err(Error::at(40080, format!("$reduce requires that 'input' be an array, found: {other}"))),
        };
        let mut room = env.room;
        if let Cow::Owned(owned) = &input {
            room.hold(owned)?;
        }
        let mut value = self.initial.evaluate(env.with(room))?.into_owned();
        for item in items {
            env.variables.watch.spend(1)?;
            let mut room = room;
            room.hold(&value)?;
            let this = env.bind("this", item);
            let inner = env.with(room).within(&this);
            value = self.body.evaluate(inner.within(&inner.bind("value", &value)))?.into_owned();
        }
        room.hold(&value)?;
        Ok(value)
    }
}
