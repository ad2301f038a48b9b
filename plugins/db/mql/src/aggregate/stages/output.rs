//! `$out` and `$merge`: where the results go.

use bson::{Bson, Document};

use super::super::parse::Parser;
use super::super::transform::Transform;
use crate::check::type_name;
use crate::error::{Code, Error, Result};
use crate::expression::{Expression, Variables};

/// What becomes of the results of a pipeline. The store writes them; a pipeline that writes
/// answers nothing.
#[derive(Clone, Debug)]
pub enum Output {
    /// `$out`: the results replace all that is in the collection, once all are there.
    Out(String),
    /// `$merge`: each result is merged into a collection.
    Merge(Merge),
}

/// A `$merge`. For each result the store
/// 1. gives it an `_id` if it has none and [`on`](Self::on) is `_id`,
/// 2. looks for the document that equals it in the fields of [`key`](Self::key), which a unique
///    index must cover,
/// 3. replaces that by what [`merged`](Self::merged) makes of both, or does as
///    [`when_not_matched`](Self::when_not_matched) says if there is none.
#[derive(Clone, Debug)]
pub struct Merge {
    database: Option<String>,
    collection: String,
    on: Vec<String>,
    when_matched: WhenMatched,
    when_not_matched: WhenNotMatched,
    variables: Vec<(String, Expression)>,
}

#[derive(Clone, Debug)]
enum WhenMatched {
    Replace,
    KeepExisting,
    Merge,
    Fail,
    Pipeline(Transform),
}

/// What becomes of a result for which there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNotMatched {
    /// It is inserted.
    Insert,
    /// It is left out.
    Discard,
    /// The pipeline fails, with `MergeStageNoMatchingDocument` (13113).
    Fail,
}

impl Output {
    /// The collection that is written to.
    pub fn collection(&self) -> &str {
        match self {
            Self::Out(collection) => collection,
            Self::Merge(merge) => &merge.collection,
        }
    }

    pub(in crate::aggregate) fn parse_out(value: &Bson) -> Result<Self> {
        match value {
            Bson::String(name) => Ok(Self::Out(collection("$out", name)?)),
            other => Err(Error::at(16990, format!("$out only supports a string argument, not {}", type_name(other)))),
        }
    }
}

/// Checks the name of a collection that is written to.
fn collection(stage: &str, name: &str) -> Result<String> {
    if name.is_empty() || name.contains(['$', '\0']) || name.starts_with('.') {
        return Err(Error::new(Code::InvalidNamespace, format!("Invalid {stage} target namespace: '{name}'")));
    }
    if name.starts_with("system.") {
        return Err(Error::at(if stage == "$out" { 17385 } else { 31319 }, format!("Cannot {stage} to special collection: {name}")));
    }
    Ok(name.to_owned())
}

impl Merge {
    pub(in crate::aggregate) fn parse(value: &Bson, parser: &Parser<'_>) -> Result<Self> {
        let empty = Document::new();
        let mut merge = Self {
            database: None,
            collection: String::new(),
            on: vec!["_id".to_owned()],
            when_matched: WhenMatched::Merge,
            when_not_matched: WhenNotMatched::Insert,
            variables: Vec::new(),
        };
        let spec = match value {
            Bson::String(name) => {
                merge.collection = collection("$merge", name)?;
                return Ok(merge);
            }
            Bson::Document(spec) => spec,
            other => {
                return Err(Error::at(51182, format!("$merge requires a string or object argument, but found {}", type_name(other))));
            }
        };
        if let Some(option) = spec.keys().find(|key| !["into", "on", "let", "whenMatched", "whenNotMatched"].contains(&key.as_str())) {
            return Err(Error::at(40415, format!("BSON field '$merge.{option}' is an unknown field.")));
        }
        match spec.get("into") {
            Some(Bson::String(name)) => merge.collection = collection("$merge", name)?,
            Some(Bson::Document(into)) => {
                if into.keys().any(|key| !matches!(key.as_str(), "db" | "coll")) {
                    return Err(Error::at(40415, "BSON field '$merge.into' has an unknown field."));
                }
                let name = into.get_str("coll").map_err(|_| Error::at(51178, "$merge 'into' must name a collection"))?;
                merge.collection = collection("$merge", name)?;
                merge.database = match into.get("db") {
                    None => None,
                    Some(Bson::String(name)) => Some(name.clone()),
                    Some(_) => return Err(Error::at(51178, "$merge 'into.db' must be a string")),
                };
            }
            Some(other) => {
                return Err(Error::at(
                    51178,
                    format!("$merge 'into' field  must be either a string or an object, but found {}", type_name(other)),
                ));
            }
            None => return Err(Error::at(40414, "BSON field '$merge.into' is missing but a required field")),
        }
        if let Some(on) = spec.get("on") {
            merge.on = on_fields(on)?;
        }
        let given = match spec.get("let") {
            None => None,
            Some(Bson::Document(given)) => Some(given),
            Some(other) => {
                return Err(Error::new(Code::TypeMismatch, format!("BSON field '$merge.let' is the wrong type '{}'", type_name(other))));
            }
        };
        match spec.get("whenMatched") {
            Some(Bson::Array(stages)) => {
                merge.variables = merge_variables(given.unwrap_or(&empty), parser)?;
                let names = merge.variables.iter().map(|(name, _)| name.as_str()).chain(["new"]);
                let known = parser.known().without_names().with(names).checked()?;
                merge.when_matched = WhenMatched::Pipeline(Transform::parse_in(stages, &known)?);
            }
            mode => {
                let name = mode.map_or(Some("merge"), Bson::as_str).unwrap_or_default();
                merge.when_matched = match name {
                    "replace" => WhenMatched::Replace,
                    "keepExisting" => WhenMatched::KeepExisting,
                    "merge" => WhenMatched::Merge,
                    "fail" => WhenMatched::Fail,
                    _ => return Err(wrong_mode("whenMatched", mode)),
                };
                if given.is_some() {
                    return Err(Error::at(51199, format!("Cannot use 'let' variables with 'whenMatched: {name}' mode")));
                }
            }
        }
        let mode = spec.get("whenNotMatched");
        merge.when_not_matched = match mode.map_or(Some("insert"), Bson::as_str) {
            Some("insert") => WhenNotMatched::Insert,
            Some("discard") => WhenNotMatched::Discard,
            Some("fail") => WhenNotMatched::Fail,
            _ => return Err(wrong_mode("whenNotMatched", mode)),
        };
        let only_inserts = matches!(merge.when_matched, WhenMatched::KeepExisting | WhenMatched::Fail);
        if only_inserts && merge.when_not_matched != WhenNotMatched::Insert {
            return Err(Error::at(51181, "Combination of $merge modes not supported: 'keepExisting' and 'fail' go with 'insert' only"));
        }
        Ok(merge)
    }

    /// The database, if the stage names one.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The collection that the results are merged into.
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// The fields that a result and its document are equal in; paths may be dotted.
    pub fn on(&self) -> &[String] {
        &self.on
    }

    /// What becomes of a result for which there is no document.
    pub fn when_not_matched(&self) -> WhenNotMatched {
        self.when_not_matched
    }

    /// The values of [`on`](Self::on) in a result, as a filter by equality.
    ///
    /// # Errors
    /// MongoDB's 51132 for a field that is missing or null, 51185 for an array.
    pub fn key(&self, result: &Document) -> Result<Document> {
        let field = |path: &String| {
            let names: Vec<String> = path.split('.').map(str::to_owned).collect();
            match super::super::nested::get(result, &names) {
                None | Some(Bson::Null | Bson::Undefined) => {
                    Err(Error::at(51132, "$merge write error: 'on' field cannot be missing, null, undefined or an array"))
                }
                Some(Bson::Array(_)) => Err(Error::at(51185, format!("$merge write error: 'on' field '{path}' cannot be an array"))),
                Some(value) => Ok((path.clone(), bson::bson!({"$eq": value.clone()}))),
            }
        };
        self.on.iter().map(field).collect()
    }

    /// The document that takes the place of one that is there; `None` when that stays as it is.
    /// `variables` are those of the pipeline.
    ///
    /// # Errors
    /// `ImmutableField` when `_id` would change, `DuplicateKey` (11000) for `whenMatched: "fail"`,
    /// and the errors of a pipeline's stages.
    pub fn merged(&self, existing: &Document, result: &Document, variables: &Variables) -> Result<Option<Document>> {
        let mut doc = match &self.when_matched {
            WhenMatched::KeepExisting => return Ok(None),
            WhenMatched::Fail => {
                return Err(Error::new(Code::Location(11000), format!("E11000 duplicate key error in $merge into '{}'", self.collection)));
            }
            WhenMatched::Replace => result.clone(),
            WhenMatched::Merge => {
                let mut merged = existing.clone();
                merged.extend(result.clone());
                merged
            }
            WhenMatched::Pipeline(transform) => {
                let mut inner = variables.clone();
                for (name, expression) in &self.variables {
                    inner.give(name.clone(), expression.evaluate(result, variables)?);
                }
                inner.give("new", Bson::Document(result.clone()));
                transform.apply(existing, &inner)?
            }
        };
        if let Some(id) = existing.get("_id") {
            match doc.get("_id") {
                Some(new) if crate::equal(new, id) => {}
                Some(_) => {
                    return Err(Error::new(
                        Code::ImmutableField,
                        "$merge failed to update the matching document, did you attempt to modify the _id or the shard key?",
                    ));
                }
                None => {
                    let mut with_id = Document::new();
                    with_id.insert("_id", id.clone());
                    with_id.extend(doc);
                    doc = with_id;
                }
            }
        }
        Ok(Some(doc))
    }
}

fn merge_variables(given: &Document, parser: &Parser<'_>) -> Result<Vec<(String, Expression)>> {
    if given.get("new").is_some_and(|new| *new != Bson::String("$$ROOT".to_owned())) {
        return Err(Error::at(51273, "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'"));
    }
    parser.bindings(&given.iter().filter(|(name, _)| *name != "new").map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn on_fields(value: &Bson) -> Result<Vec<String>> {
    let fields = match value {
        Bson::String(_) => std::slice::from_ref(value),
        Bson::Array(fields) => fields.as_slice(),
        other => {
            return Err(Error::at(
                51186,
                format!("$merge 'on' field  must be either a string or an array of strings, but found {}", type_name(other)),
            ));
        }
    };
    let mut on: Vec<String> = Vec::new();
    for field in fields {
        let Bson::String(field) = field else {
            return Err(Error::at(51134, format!("$merge 'on' array elements must be strings, but found {}", type_name(field))));
        };
        super::fields::names(field)?;
        if on.contains(field) {
            return Err(Error::at(31465, format!("Found a duplicate field '{field}'")));
        }
        on.push(field.clone());
    }
    if on.is_empty() {
        return Err(Error::at(51187, "If explicitly specifying $merge 'on', must include at least one field"));
    }
    Ok(on)
}

fn wrong_mode(field: &str, mode: Option<&Bson>) -> Error {
    let shown = mode.map(Bson::to_string).unwrap_or_default();
    Error::bad(format!("Enumeration value {shown} for field '$merge.{field}' is not a valid value."))
}
