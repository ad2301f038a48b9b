//! `$trim`, `$ltrim`, `$rtrim`.

use std::collections::HashSet;

use bson::Bson;

use super::named::{NamedArgs, Operator, given};
use super::{nullish, type_name};
use crate::error::{Error, Result};

const ARGUMENTS: &[&str] = &["input", "chars"];
const ERRORS: [i32; 3] = [50696, 50694, 50695];

pub(super) const OPERATORS: &[Operator] = &[
    Operator { name: "$trim", arguments: ARGUMENTS, required: &["input"], errors: ERRORS, run: |name, args| run(name, args, true, true) },
    Operator { name: "$ltrim", arguments: ARGUMENTS, required: &["input"], errors: ERRORS, run: |name, args| run(name, args, true, false) },
    Operator { name: "$rtrim", arguments: ARGUMENTS, required: &["input"], errors: ERRORS, run: |name, args| run(name, args, false, true) },
];

/// What is trimmed unless `chars` says otherwise: the manual's list of white space.
fn is_space(c: char) -> bool {
    matches!(c, '\0' | '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
}

fn run(name: &str, args: &NamedArgs<'_>, left: bool, right: bool) -> Result<Bson> {
    let input = match given(args, 0)? {
        Some(Bson::String(text)) => text.as_str(),
        Some(value) if !nullish(value) => {
            return Err(Error::at(
                50699,
                format!("{name} requires its input to be a string, got {value} (of type {}) instead.", type_name(value)),
            ));
        }
        _ => return Ok(Bson::Null),
    };
    let chars: Option<HashSet<char>> = match given(args, 1)? {
        None => None,
        Some(Bson::String(chars)) => Some(chars.chars().collect()),
        Some(value) if nullish(value) => return Ok(Bson::Null),
        Some(value) => {
            return Err(Error::at(
                50700,
                format!("{name} requires 'chars' to be a string, got {value} (of type {}) instead.", type_name(value)),
            ));
        }
    };
    let unwanted = |c: char| chars.as_ref().map_or_else(|| is_space(c), |chars| chars.contains(&c));
    let text = if left { input.trim_start_matches(unwanted) } else { input };
    let text = if right { text.trim_end_matches(unwanted) } else { text };
    Ok(Bson::String(text.to_owned()))
}
