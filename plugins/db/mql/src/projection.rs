//! Projections: which fields of a document are answered.

use bson::{Bson, Document};

use crate::error::{Error, Result};
use crate::filter::{ElementFilter, Filter};
use crate::number;

/// A parsed projection: fields to include or to exclude, `$slice` and `$elemMatch`.
#[derive(Clone, Debug)]
pub struct Projection {
    include: bool,
    /// Whether `_id` is answered.
    id: bool,
    fields: Vec<(String, Node)>,
}

#[derive(Clone, Debug)]
enum Node {
    /// The field is the end of a path that was named.
    Leaf,
    Below(Vec<(String, Node)>),
    Slice {
        skip: i64,
        limit: usize,
    },
    ElementMatch(ElementFilter),
}

impl Projection {
    /// Parses a projection.
    ///
    /// # Errors
    /// `BadValue` when it mixes inclusion and exclusion (of anything but `_id`), or two of its
    /// paths collide; `CommandNotSupported` for the positional `$` and other operators.
    pub fn parse(projection: &Document) -> Result<Self> {
        let mut parsed = Self { include: false, id: true, fields: Vec::new() };
        let mut mode = None;
        for (name, value) in projection {
            if name.is_empty() || name.split('.').any(str::is_empty) {
                return Err(Error::bad(format!("a projection path may not have an empty part: '{name}'")));
            }
            if name.split('.').any(|part| part == "$") {
                return Err(Error::unsupported("the positional operator in a projection"));
            }
            if name.split('.').any(|part| part.starts_with('$')) {
                return Err(Error::bad(format!("a projection path may not begin with '$': '{name}'")));
            }
            let node = match value {
                Bson::Document(operator) => match operator.iter().next() {
                    Some((key, value)) if operator.len() == 1 && key == "$slice" => slice(value)?,
                    Some((key, value)) if operator.len() == 1 && key == "$elemMatch" => {
                        // $elemMatch includes, $slice leaves the mode as it is.
                        if *mode.get_or_insert(true) {
                            element_match(name, value)?
                        } else {
                            return Err(mixed());
                        }
                    }
                    Some((key, _)) => return Err(Error::bad(format!("Unsupported projection option: {name}: {{ {key}: ... }}"))),
                    None => return Err(Error::bad(format!("Unsupported projection option: {name}: {{}}"))),
                },
                Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
                    let include = crate::filter::truthy(value);
                    if name == "_id" {
                        parsed.id = include;
                        if projection.len() == 1 {
                            mode = Some(include);
                        }
                        continue;
                    }
                    if *mode.get_or_insert(include) != include {
                        return Err(mixed());
                    }
                    Node::Leaf
                }
                _ => return Err(Error::bad(format!("Unsupported projection value of '{name}'"))),
            };
            add(&mut parsed.fields, name, node)?;
        }
        // With `_id: 1` beside nothing but $slice, only the mode of `_id` counts.
        let only_id_included = mode.is_none() && projection.get("_id").is_some_and(crate::filter::truthy);
        parsed.include = mode.unwrap_or(only_id_included);
        Ok(parsed)
    }

    /// The part of a document that is answered.
    pub fn apply(&self, doc: Document) -> Document {
        let id = self.id;
        doc.into_iter()
            .filter_map(|(name, value)| {
                if name == "_id" && !self.fields.iter().any(|(field, _)| field == "_id") {
                    return id.then_some((name, value));
                }
                let node = self.fields.iter().find(|(field, _)| *field == name).map(|(_, node)| node);
                project(node, value, self.include).map(|value| (name, value))
            })
            .collect()
    }
}

fn mixed() -> Error {
    Error::bad("Projection cannot have a mix of inclusion and exclusion.")
}

fn add(fields: &mut Vec<(String, Node)>, path: &str, node: Node) -> Result<()> {
    let collision = || Error::bad(format!("Path collision at {path}"));
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let present = fields.iter_mut().find(|(name, _)| name == first);
    match (present, rest) {
        (None, None) => fields.push((first.to_owned(), node)),
        (None, Some(rest)) => {
            let mut below = Vec::new();
            add(&mut below, rest, node)?;
            fields.push((first.to_owned(), Node::Below(below)));
        }
        (Some((_, Node::Below(below))), Some(rest)) => add(below, rest, node)?,
        (Some(_), _) => return Err(collision()),
    }
    Ok(())
}

fn project(node: Option<&Node>, value: Bson, include: bool) -> Option<Bson> {
    match node {
        None => (!include).then_some(value),
        Some(Node::Leaf) => include.then_some(value),
        Some(Node::Below(fields)) => below(fields, value, include),
        Some(Node::Slice { skip, limit }) => Some(cut(value, *skip, *limit)),
        Some(Node::ElementMatch(condition)) => match value {
            Bson::Array(items) => items.into_iter().find(|item| condition.matches(item)).map(|item| Bson::Array(vec![item])),
            _ => None,
        },
    }
}

/// Inside arrays every document is projected; other values have no fields to include.
fn below(fields: &[(String, Node)], value: Bson, include: bool) -> Option<Bson> {
    match value {
        Bson::Document(doc) => {
            let project = |(name, value): (String, Bson)| {
                let node = fields.iter().find(|(field, _)| *field == name).map(|(_, node)| node);
                project(node, value, include).map(|value| (name, value))
            };
            Some(Bson::Document(doc.into_iter().filter_map(project).collect()))
        }
        Bson::Array(items) => Some(Bson::Array(items.into_iter().filter_map(|item| below(fields, item, include)).collect())),
        scalar => (!include).then_some(scalar),
    }
}

fn slice(value: &Bson) -> Result<Node> {
    let wrong = || Error::bad("$slice only supports numbers and [skip, limit] arrays");
    let number = |value: &Bson| number::integer(value).ok_or_else(wrong);
    match value {
        Bson::Array(pair) => match pair.as_slice() {
            [skip, limit] => {
                let limit = usize::try_from(number(limit)?).ok().filter(|limit| *limit > 0);
                Ok(Node::Slice { skip: number(skip)?, limit: limit.ok_or_else(|| Error::bad("$slice limit must be positive"))? })
            }
            _ => Err(wrong()),
        },
        count => match number(count)? {
            count if count < 0 => Ok(Node::Slice { skip: count, limit: usize::MAX }),
            count => Ok(Node::Slice { skip: 0, limit: usize::try_from(count).unwrap_or(usize::MAX) }),
        },
    }
}

fn cut(value: Bson, skip: i64, limit: usize) -> Bson {
    match value {
        Bson::Array(items) => {
            let distance = usize::try_from(skip.unsigned_abs()).unwrap_or(usize::MAX);
            let start = if skip < 0 { items.len().saturating_sub(distance) } else { distance };
            Bson::Array(items.into_iter().skip(start).take(limit).collect())
        }
        other => other,
    }
}

fn element_match(name: &str, value: &Bson) -> Result<Node> {
    if name.contains('.') {
        return Err(Error::bad("Cannot use $elemMatch projection on a nested field."));
    }
    match value {
        Bson::Document(_) => Ok(Node::ElementMatch(Filter::parse_for_element(value, &crate::Collation::simple())?)),
        _ => Err(Error::bad("elemMatch: Invalid argument, object required")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(projection: &str, expected: &str) {
        let doc = r#"{"_id":1,"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#;
        let projection = Projection::parse(&json::document(projection.as_bytes()).unwrap()).unwrap();
        let answered = projection.apply(json::document(doc.as_bytes()).unwrap());
        assert_eq!(json::to_string(&answered.into()), expected);
    }

    #[test]
    fn inclusion() {
        check(r#"{"a":1}"#, r#"{"_id":1,"a":{"b":2,"c":3}}"#);
        check(r#"{"a.b":1,"_id":0}"#, r#"{"a":{"b":2}}"#);
        check(r#"{"d.e":1,"_id":0}"#, r#"{"d":[{"e":4},[{"e":7}]]}"#);
        check(r#"{"_id":1}"#, r#"{"_id":1}"#);
        check(r#"{"g.x":1}"#, r#"{"_id":1,"g":[]}"#);
        check(r#"{"zz":1}"#, r#"{"_id":1}"#);
        check(r#"{"a":true,"g":1.5,"_id":false}"#, r#"{"a":{"b":2,"c":3},"g":[1,2,3,4]}"#);
    }

    #[test]
    fn exclusion() {
        check(r#"{}"#, r#"{"_id":1,"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#);
        check(r#"{"d":0,"g":0}"#, r#"{"_id":1,"a":{"b":2,"c":3}}"#);
        check(r#"{"_id":0,"d":0,"g":0}"#, r#"{"a":{"b":2,"c":3}}"#);
        check(r#"{"_id":0}"#, r#"{"a":{"b":2,"c":3},"d":[{"e":4,"f":5},6,[{"e":7}]],"g":[1,2,3,4]}"#);
        check(r#"{"d.e":0,"a":0,"g":0}"#, r#"{"_id":1,"d":[{"f":5},6,[{}]]}"#);
    }

    #[test]
    fn arrays() {
        check(r#"{"g":{"$slice":2},"a":0,"d":0}"#, r#"{"_id":1,"g":[1,2]}"#);
        check(r#"{"g":{"$slice":-1},"a":0,"d":0}"#, r#"{"_id":1,"g":[4]}"#);
        check(r#"{"g":{"$slice":[1,2]},"a":0,"d":0}"#, r#"{"_id":1,"g":[2,3]}"#);
        check(r#"{"g":{"$slice":[-3,2]},"a":0,"d":0}"#, r#"{"_id":1,"g":[2,3]}"#);
        check(r#"{"d":{"$elemMatch":{"e":{"$gt":3}}}}"#, r#"{"_id":1,"d":[{"e":4,"f":5}]}"#);
        check(r#"{"g":{"$elemMatch":{"$gt":2}}}"#, r#"{"_id":1,"g":[3]}"#);
    }

    #[test]
    fn what_is_refused() {
        for projection in [
            r#"{"a":1,"b":0}"#,
            r#"{"a":1,"a.b":1}"#,
            r#"{"a.b":1,"a":1}"#,
            r#"{"a":"x"}"#,
            r#"{"a.$":1}"#,
            r#"{"a":{"$meta":"x"}}"#,
            r#"{"a..b":1}"#,
        ] {
            assert!(Projection::parse(&json::document(projection.as_bytes()).unwrap()).is_err(), "{projection}");
        }
    }
}
