//! Documents and updates of users who own what they write: `auth` is the service's, whatever the
//! mini program sends.

use sdk_plugin::{Error, Result, codes};

use super::object::{Object, array, is_object, items, string};
use super::owner::{AUTH, Owner};

/// The operators of MongoDB 4.2. One that is not known is refused, so that a new one is no hole.
const OPERATORS: [&str; 15] = [
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$addToSet",
    "$pop",
    "$pull",
    "$pullAll",
    "$bit",
];

/// The stages that an update may have.
const STAGES: [&str; 6] = ["$addFields", "$set", "$project", "$unset", "$replaceRoot", "$replaceWith"];

fn protected() -> Error {
    let message = "`auth` says whom a document belongs to; a mini program cannot change it";
    Error::new(codes::PERMISSION_DENIED, message)
}

/// Whether a path leads to `auth` or into it.
fn is_protected(path: &str) -> bool {
    path.split('.').next() == Some(AUTH)
}

/// A document that is inserted or replaces another: its `auth` is the owner's.
///
/// # Errors
/// `InvalidParams.Format` when it is no object; `InvalidParameter.PermissionDenied` for a field
/// that is named as a path into `auth`.
pub fn document(what: &str, text: &str, owner: &Owner) -> Result<String> {
    let mut document = Object::open(what, text)?;
    if document.iter().any(|(name, _)| name != AUTH && is_protected(name)) {
        return Err(protected());
    }
    document.retain(|name| name != AUTH);
    document.set(AUTH, owner.auth());
    Ok(document.to_string())
}

/// Documents that are inserted.
///
/// # Errors
/// As [`document`].
pub fn documents(text: &str, owner: &Owner) -> Result<String> {
    let wrong = || Error::invalid_params("docs must be an array of objects, and not empty");
    let documents: Vec<String> =
        items(text).ok_or_else(wrong)?.into_iter().map(|item| document("a document of docs", item, owner)).collect::<Result<_>>()?;
    if documents.is_empty() { Err(wrong()) } else { Ok(array(&documents)) }
}

/// An update as it may be made.
pub enum Update {
    /// Operators, none of which touches `auth` of a document that is there.
    Operators(String),
    /// What sets `auth`, so that it must be used on documents only that have exactly this one.
    Whole(String),
}

/// Operators or a pipeline.
///
/// # Errors
/// `InvalidParams.Format` for what is neither; `InvalidParameter.PermissionDenied` for a change
/// of `auth`.
pub fn update(text: &str, upsert: bool, owner: &Owner) -> Result<Update> {
    if is_object(text) { operators(text, upsert, owner).map(Update::Operators) } else { pipeline(text, owner).map(Update::Whole) }
}

/// A replacement; one with operators is an update (manual 3.7).
///
/// # Errors
/// As [`update`] and [`document`].
pub fn replacement(text: &str, upsert: bool, owner: &Owner) -> Result<Update> {
    let has_operators = Object::open("replacement", text)?.iter().any(|(name, _)| name.starts_with('$'));
    if has_operators {
        operators(text, upsert, owner).map(Update::Operators)
    } else {
        document("replacement", text, owner).map(Update::Whole)
    }
}

fn operators(text: &str, upsert: bool, owner: &Owner) -> Result<String> {
    let mut update = Object::open("update", text)?;
    for (operator, operand) in update.iter() {
        if !OPERATORS.contains(&operator) {
            let message =
                format!("Unknown modifier: {operator}. Expected a valid update modifier or pipeline-style update specified as an array");
            return Err(Error::invalid_params(message));
        }
        for (path, value) in Object::open(operator, operand)?.iter() {
            let target = if operator == "$rename" { string(value) } else { None };
            if is_protected(path) || target.as_deref().is_some_and(is_protected) {
                return Err(protected());
            }
        }
    }
    if upsert {
        let operand = update.get("$setOnInsert").unwrap_or("{}").to_owned();
        let mut fields = Object::open("$setOnInsert", &operand)?;
        fields.set(AUTH, owner.auth());
        let fields = fields.to_string();
        update.set("$setOnInsert", fields);
    }
    Ok(update.to_string())
}

/// The stages may do with `auth` what they like: the last one sets it.
fn pipeline(text: &str, owner: &Owner) -> Result<String> {
    let Some(stages) = items(text) else {
        return Err(Error::invalid_params("update must be an object or an array"));
    };
    if stages.is_empty() {
        return Err(Error::invalid_params("the update pipeline is empty"));
    }
    for stage in &stages {
        let stage = Object::open("a stage of the update", stage)?;
        let mut names = stage.iter().map(|(name, _)| name);
        match (names.next(), names.next()) {
            (Some(name), None) if STAGES.contains(&name) => {}
            (Some(name), None) => return Err(Error::invalid_params(format!("{name} is not allowed to be used within an update"))),
            _ => return Err(Error::invalid_params("A pipeline stage specification object must contain exactly one field.")),
        }
    }
    let last = format!(r#"{{"$set":{{"{AUTH}":{{"$literal":{}}}}}}}"#, owner.auth());
    let mut stages = stages;
    stages.push(&last);
    Ok(array(&stages))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner::of("u").unwrap()
    }

    #[test]
    fn a_document_gets_the_auth_of_its_owner() {
        for (given, expected) in [
            ("{}", r#"{"auth":{"userId":"u"}}"#),
            (r#"{"n":1.10}"#, r#"{"n":1.10,"auth":{"userId":"u"}}"#),
            (r#"{"auth":{"userId":"other"},"n":1}"#, r#"{"n":1,"auth":{"userId":"u"}}"#),
            (r#"{"\u0061uth":[1],"x":{"auth":1}}"#, r#"{"x":{"auth":1},"auth":{"userId":"u"}}"#),
        ] {
            assert_eq!(document("doc", given, &owner()).unwrap(), expected);
        }
        for refused in [r#"{"auth.userId":"x"}"#, r#"{"auth.":1}"#, "[]", "1", r#"{"auth":1,"auth":2}"#] {
            assert!(document("doc", refused, &owner()).is_err(), "{refused}");
        }
        assert_eq!(documents(r#"[{"a":1},{"auth":2}]"#, &owner()).unwrap(), r#"[{"a":1,"auth":{"userId":"u"}},{"auth":{"userId":"u"}}]"#);
        assert!(documents("[]", &owner()).is_err());
        assert!(documents("[1]", &owner()).is_err());
    }

    #[test]
    fn no_operator_touches_auth() {
        for operator in OPERATORS {
            for path in ["auth", "auth.userId", "auth.0", "auth.$", "auth.$[]", "auth.$[x]", "auth.more", "\\u0061uth"] {
                let text = format!(r#"{{"{operator}":{{"a":1,"{path}":"b"}}}}"#);
                assert_eq!(update(&text, false, &owner()).err().unwrap().code(), codes::PERMISSION_DENIED, "{text}");
            }
        }
        for target in ["auth", "auth.userId", "a\\u0075th"] {
            let text = format!(r#"{{"$rename":{{"a":"{target}"}}}}"#);
            assert_eq!(update(&text, false, &owner()).err().unwrap().code(), codes::PERMISSION_DENIED, "{text}");
        }
        for refused in [
            r#"{"$set":{"auth":1},"$set":{"a":1}}"#,
            r#"{"$set":{"a":1,"a":2}}"#,
            r#"{"$set":1}"#,
            r#"{"$set":[{"auth":1}]}"#,
            r#"{"$setAll":{"a":1}}"#,
            r#"{"a":1}"#,
            r#"{"$set":{"a":1},"auth":{}}"#,
            "1",
            "[]",
            "[1]",
            r#"[{"$set":{"a":1},"$unset":"b"}]"#,
            r#"[{"$lookup":{}}]"#,
            r#"[{}]"#,
        ] {
            assert!(update(refused, true, &owner()).is_err(), "{refused}");
        }
    }

    fn made(update: Result<Update>) -> String {
        match update.unwrap() {
            Update::Operators(text) => format!("operators {text}"),
            Update::Whole(text) => format!("whole {text}"),
        }
    }

    #[test]
    fn what_is_left_is_kept() {
        let set = r#"{"$set":{"a.auth":1,"authors":2.50},"$rename":{"b":"c.auth"}}"#;
        assert_eq!(made(update(set, false, &owner())), format!("operators {set}"));
        assert_eq!(
            made(update(r#"{"$setOnInsert":{"a":1},"$inc":{"n":1}}"#, true, &owner())),
            r#"operators {"$setOnInsert":{"a":1,"auth":{"userId":"u"}},"$inc":{"n":1}}"#
        );
        assert_eq!(
            made(update(r#"{"$inc":{"n":1}}"#, true, &owner())),
            r#"operators {"$inc":{"n":1},"$setOnInsert":{"auth":{"userId":"u"}}}"#
        );
        assert_eq!(
            made(update(r#"[{"$replaceWith":"$x"}]"#, true, &owner())),
            r#"whole [{"$replaceWith":"$x"},{"$set":{"auth":{"$literal":{"userId":"u"}}}}]"#
        );
        assert_eq!(made(replacement(r#"{"$set":{"a":1}}"#, false, &owner())), r#"operators {"$set":{"a":1}}"#);
        assert_eq!(made(replacement(r#"{"a":1}"#, false, &owner())), r#"whole {"a":1,"auth":{"userId":"u"}}"#);
        assert!(replacement(r#"{"a":1,"$set":{"auth":1}}"#, false, &owner()).is_err());
    }
}
