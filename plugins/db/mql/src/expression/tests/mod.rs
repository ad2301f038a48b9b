//! What operators give, by family; the values are those of MongoDB's manual where it has some.

mod arithmetic;
mod array;
mod conversion;
mod date_from_string;
mod dates;
mod names;
mod object;
mod set;
mod string;

use bson::{Bson, Document};

use super::{Expression, Variables};
use crate::error::Result;
use crate::json;

fn read(text: &str) -> Bson {
    json::value(text.as_bytes()).unwrap()
}

fn run(expression: &str, doc: &Document) -> Result<Bson> {
    Expression::parse(&read(expression))?.evaluate(doc, &Variables::new())
}

/// Compares types too: `1`, `1.0` and the long are different.
#[track_caller]
fn check_on(doc: &str, expression: &str, expected: &str) {
    let Bson::Document(doc) = read(doc) else { panic!("{doc} is no document") };
    let value = run(expression, &doc).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let expected = if expected == "missing" { Bson::Undefined } else { read(expected) };
    assert_eq!(format!("{value:?}"), format!("{expected:?}"), "{expression}");
}

#[track_caller]
fn check(expression: &str, expected: &str) {
    check_on("{}", expression, expected);
}

#[track_caller]
fn fails(expression: &str, number: i32, message: &str) {
    let error = run(expression, &Document::new()).unwrap_err();
    assert_eq!(error.code().number(), number, "{expression}: {error}");
    assert!(error.message().contains(message), "{expression}: {error}");
}
