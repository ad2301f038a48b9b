//! The paths of updates: dotted, and in arrays also by position, by all and by a filter.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::check;
use crate::error::{Code, Error, Result};
use crate::path::index;

/// One part of an update path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field, or a position in an array.
    Field(String),
    /// `$`: the position that the filter met.
    Matched,
    /// `$[]`: every element.
    Every,
    /// `$[identifier]`: the elements that the array filter of this name matches.
    Filtered(String),
}

/// A path as an update names it.
#[derive(Clone, Debug)]
pub(super) struct UpdatePath {
    text: String,
    steps: Vec<Step>,
    /// The parts, when all of them are fields.
    fixed: Option<Vec<String>>,
}

impl UpdatePath {
    /// Parses a path; the identifiers of its filters are added to `used`.
    ///
    /// # Errors
    /// `EmptyFieldName`, `DollarPrefixedFieldName`, `Overflow`; `BadValue` for positional parts
    /// in front, for more than one `$`, and for an identifier that is not `known`.
    pub(super) fn parse(text: &str, known: &dyn Fn(&str) -> bool, used: &mut HashSet<String>) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(Code::EmptyFieldName, "An empty update path is not valid."));
        }
        let mut steps = Vec::new();
        for (i, part) in text.split('.').enumerate() {
            let step = step(part, text)?;
            match &step {
                Step::Field(_) => {}
                Step::Matched if i == 0 => {
                    return Err(Error::bad(format!("Cannot have positional (i.e. '$') element in the first position in path '{text}'")));
                }
                Step::Matched if steps.contains(&Step::Matched) => {
                    return Err(Error::bad(format!("Too many positional (i.e. '$') elements found in path '{text}'")));
                }
                Step::Matched => {}
                Step::Every | Step::Filtered(_) if i == 0 => {
                    return Err(Error::bad(format!(
                        "Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '{text}'"
                    )));
                }
                Step::Every => {}
                Step::Filtered(id) if !known(id) => {
                    return Err(Error::bad(format!("No array filter found for identifier '{id}' in path '{text}'")));
                }
                Step::Filtered(id) => _ = used.insert(id.clone()),
            }
            steps.push(step);
        }
        if steps.len() > check::MAX_DEPTH {
            return Err(Error::new(Code::Overflow, format!("a path may have at most {} parts", check::MAX_DEPTH)));
        }
        let fixed = steps.iter().map(|step| if let Step::Field(name) = step { Some(name.clone()) } else { None }).collect();
        Ok(Self { text: text.to_owned(), steps, fixed })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The parts of a path without positional ones.
    pub(super) fn fixed(&self) -> Option<&[String]> {
        self.fixed.as_deref()
    }

    /// The text of the first parts.
    pub(super) fn prefix(&self, parts: usize) -> String {
        self.text.split('.').take(parts).collect::<Vec<_>>().join(".")
    }
}

fn step(part: &str, text: &str) -> Result<Step> {
    if part.is_empty() {
        return Err(Error::new(
            Code::EmptyFieldName,
            format!("The update path '{text}' contains an empty field name, which is not allowed."),
        ));
    }
    if part == "$" {
        return Ok(Step::Matched);
    }
    match part.strip_prefix("$[").and_then(|rest| rest.strip_suffix(']')) {
        Some("") => return Ok(Step::Every),
        Some(id) => return Ok(Step::Filtered(id.to_owned())),
        None => {}
    }
    if part.starts_with('$') && !matches!(part, "$id" | "$ref" | "$db") {
        return Err(Error::new(
            Code::DollarPrefixedFieldName,
            format!("The dollar ($) prefixed field '{part}' in '{text}' is not valid for storage."),
        ));
    }
    Ok(Step::Field(part.to_owned()))
}

impl Step {
    /// Whether the step stands for positions.
    pub(super) fn is_positional(&self) -> bool {
        !matches!(self, Self::Field(_))
    }

    /// Whether the step leads through an array only.
    fn is_array(&self) -> bool {
        matches!(self, Self::Every | Self::Filtered(_))
    }

    fn key(&self) -> (u8, &str) {
        match self {
            Self::Field(name) => (0, name),
            Self::Matched => (1, ""),
            Self::Every => (2, ""),
            Self::Filtered(id) => (3, id),
        }
    }
}

/// The order in which an update applies its changes, and so adds fields: by name, positions as
/// numbers.
impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => names(a, b),
            _ => self.key().cmp(&other.key()),
        }
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn names(a: &str, b: &str) -> Ordering {
    match (index(a), index(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Refuses paths of which one equals another or lies below it, or that take the same value once
/// by position and once as a whole array. The paths come in the order in which they were written.
///
/// # Errors
/// `ConflictingUpdateOperators`.
pub(super) fn refuse_conflicts(paths: &[&UpdatePath]) -> Result<()> {
    let mut sorted: Vec<(usize, &UpdatePath)> = paths.iter().copied().enumerate().collect();
    sorted.sort_by(|(_, a), (_, b)| a.steps.cmp(&b.steps));
    for pair in sorted.windows(2) {
        let [(i, a), (j, b)] = pair else { continue };
        // Sorted, a path comes directly after one that it equals or lies below.
        let common = a.steps.iter().zip(&b.steps).take_while(|(x, y)| x == y).count();
        let mixed = matches!((a.steps.get(common), b.steps.get(common)), (Some(x), Some(y)) if x.is_array() != y.is_array());
        if common == a.steps.len() || mixed {
            let (later, at) = (if i > j { a } else { b }, a.prefix(common));
            return Err(conflict(later.text(), &at));
        }
    }
    Ok(())
}

pub(super) fn conflict(path: &str, at: &str) -> Error {
    Error::new(Code::ConflictingUpdateOperators, format!("Updating the path '{path}' would create a conflict at '{at}'"))
}

/// Whether two of the paths may lead to one place, depending on the document.
pub(super) fn may_meet(paths: &[&UpdatePath]) -> bool {
    if paths.len() < 2 || paths.iter().all(|path| path.fixed.is_some()) {
        return false;
    }
    let shape = |path: &&UpdatePath| -> Vec<Option<String>> {
        let part = |step: &Step| match step {
            Step::Field(name) if index(name).is_none() => Some(name.clone()),
            _ => None,
        };
        path.steps.iter().map(part).collect()
    };
    let mut shapes: Vec<_> = paths.iter().map(shape).collect();
    shapes.sort();
    shapes.windows(2).any(|pair| matches!(pair, [a, b] if b.starts_with(a)))
}
