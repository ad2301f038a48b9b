//! Operators that take their arguments by position.

use std::borrow::Cow;

use bson::Bson;

use super::node::{Env, Node};
use super::operators;
use super::parse::{Scope, arguments, wrong_count};
use crate::collation::Collation;
use crate::error::{Code, Error, Result};

/// Evaluated arguments, as many as the operator takes; a missing value is `Undefined`.
pub(super) type Args<'a> = [Cow<'a, Bson>];

/// An operator that needs nothing but its arguments' values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) run: Run,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    Plain(fn(&Args<'_>) -> Result<Bson>),
    /// Compares values, strings by the collation.
    Comparing(fn(&Args<'_>, &Collation) -> Result<Bson>),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    function: Function,
    arguments: Vec<Node>,
}

impl Call {
    pub(super) fn parse(name: &str, argument: &Bson, scope: &mut Scope) -> Result<Self> {
        let Some(function) = operators::find(name) else {
            return Err(Error::new(Code::InvalidPipelineOperator, format!("Unrecognized expression '{name}'")));
        };
        let arguments = arguments(argument, scope)?;
        let count = arguments.len();
        if count < function.least || count > function.most {
            if function.least == function.most {
                return Err(wrong_count(name, function.least, count));
            }
            if name == "$setEquals" {
                return Err(Error::at(17045, format!("$setEquals needs at least two arguments had: {count}")));
            }
            return Err(Error::at(
                28667,
                format!(
                    "Expression {name} takes at least {} arguments, and at most {}, but {count} were passed in.",
                    function.least, function.most
                ),
            ));
        }
        Ok(Self { function, arguments })
    }

    pub(super) fn evaluate(&self, env: Env<'_>) -> Result<Bson> {
        match self.arguments.as_slice() {
            [] => self.run(&[], env),
            [one] => self.run(&[one.evaluate(env)?], env),
            more => {
                let mut room = env.room;
                let mut values = Vec::with_capacity(more.len());
                for node in more {
                    let value = node.evaluate(env.with(room))?;
                    if let Cow::Owned(owned) = &value {
                        room.hold(owned)?;
                    }
                    values.push(value);
                }
                self.run(&values, env)
            }
        }
    }

    fn run(&self, values: &Args<'_>, env: Env<'_>) -> Result<Bson> {
        match self.function.run {
            Run::Plain(run) => run(values),
            Run::Comparing(run) => run(values, &env.variables.collation),
        }
    }
}

/// An argument by position; missing if there are not so many.
pub(super) fn nth<'a>(args: &'a Args<'_>, position: usize) -> &'a Bson {
    args.get(position).map_or(&Bson::Undefined, AsRef::as_ref)
}
