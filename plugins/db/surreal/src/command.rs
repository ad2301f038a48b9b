//! The parameters of a command, checked as the SDK checks them before it sends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Bson, Document};
use mql::json::Json;
use mql::{Collation, Filter, Projection, Sort, UpdateOptions};
use sdk_plugin::{Call, CallerKind, Error, Result};
use serde::Deserialize;

use crate::aggregate::Aggregation;
use crate::error::language;
use crate::ids;

/// How many documents `find` answers when it is not told.
const DEFAULT_LIMIT: u64 = 100;
/// The most documents that `find` answers to a mini program.
const MAX_CLIENT_LIMIT: u64 = 500;
/// The most documents that `find` answers to all others.
const MAX_LIMIT: u64 = 1000;
/// How long a mini program's query may run when it does not say.
const DEFAULT_TIME: Duration = Duration::from_millis(1000);
/// The longest that a mini program's query may run.
const MAX_TIME: Duration = Duration::from_millis(3000);

/// What the SDK sends.
#[derive(Deserialize)]
pub struct Command {
    /// The collection's name.
    #[serde(default)]
    pub collection: Option<String>,
    /// What to do.
    pub command: String,
    #[serde(default)]
    options: Option<Json>,
    #[serde(default)]
    query: Option<Json>,
    #[serde(default)]
    filter: Option<Json>,
    #[serde(default)]
    doc: Option<Json>,
    #[serde(default)]
    docs: Option<Json>,
    #[serde(default)]
    update: Option<Json>,
    #[serde(default)]
    replacement: Option<Json>,
    #[serde(default)]
    key: Option<Json>,
    #[serde(default)]
    pipeline: Option<Json>,
    #[serde(default)]
    to: Option<Json>,
    #[serde(default)]
    indexes: Option<Json>,
    #[serde(default)]
    index: Option<Json>,
    #[serde(default)]
    field: Option<Json>,
    #[serde(default, rename = "transactionId")]
    transaction: Option<Json>,
}

/// The change that an update command makes.
pub enum Update {
    /// Operators that change fields, or a pipeline.
    Operators(mql::Update),
    /// A whole document.
    Replacement(mql::Replacement),
}

impl Command {
    /// The id of the transaction that the command belongs to.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is not a text.
    pub fn transaction(&mut self) -> Result<Option<String>> {
        match self.transaction.take() {
            None | Some(Json(Bson::Null)) => Ok(None),
            Some(Json(Bson::String(id))) => Ok(Some(id)),
            Some(_) => Err(Error::invalid_params("transactionId must be a text")),
        }
    }

    /// The options, `{}` when absent.
    ///
    /// # Errors
    /// `InvalidParams.Format` when they are no object, or the hint or collation is wrong.
    pub fn options(&mut self, call_deadline: Instant) -> Result<Options> {
        let options = document("options", self.options.take())?.unwrap_or_default();
        if !matches!(options.get("hint"), None | Some(Bson::Null | Bson::Document(_) | Bson::String(_))) {
            return Err(Error::invalid_params("hint must be an object or the name of an index"));
        }
        let collation = match options.get("collation") {
            None | Some(Bson::Null) => Collation::simple(),
            Some(Bson::Document(collation)) => Collation::parse(collation).map_err(language)?,
            Some(_) => return Err(Error::invalid_params("collation must be an object")),
        };
        Ok(Options { fields: options, collation, deadline: call_deadline })
    }

    /// The filter of a reading command; absent matches all.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is no filter.
    pub fn query(&mut self, options: &Options) -> Result<Arc<Filter>> {
        filter(document("query", self.query.take())?.unwrap_or_default(), options)
    }

    /// The filter of a reading command as it was sent.
    pub fn shown_query(&self) -> Document {
        match &self.query {
            Some(Json(Bson::Document(query))) => query.clone(),
            _ => Document::new(),
        }
    }

    /// The filter of a writing command, which must be there.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is no filter.
    pub fn filter(&mut self, options: &Options) -> Result<Arc<Filter>> {
        filter(required("filter", self.filter.take())?, options)
    }

    /// The document to insert.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is no object.
    pub fn doc(&mut self) -> Result<Document> {
        required("doc", self.doc.take())
    }

    /// The documents to insert, at least one.
    ///
    /// # Errors
    /// `InvalidParams.Format` when they are not an array of objects.
    pub fn docs(&mut self) -> Result<Vec<Document>> {
        let wrong = || Error::invalid_params("docs must be an array of objects, and not empty");
        let Some(Json(Bson::Array(items))) = self.docs.take() else {
            return Err(wrong());
        };
        if items.is_empty() {
            return Err(wrong());
        }
        items.into_iter().map(|item| if let Bson::Document(doc) = item { Ok(doc) } else { Err(wrong()) }).collect()
    }

    /// The operators of an update, or its pipeline.
    ///
    /// # Errors
    /// `InvalidParams.Format` when there are none or they are wrong.
    pub fn update(&mut self, options: &Options) -> Result<Update> {
        match self.update.take() {
            Some(Json(Bson::Array(stages))) if stages.is_empty() => Err(Error::invalid_params("the update pipeline is empty")),
            Some(Json(Bson::Array(stages))) => options.parse(&Bson::Array(stages)),
            given => {
                let mut update = required("update", given)?;
                ids::in_update(&mut update);
                if !mql::Update::is_operators(&update) {
                    return Err(Error::invalid_params("the update operation document must contain atomic operators"));
                }
                options.parse(&Bson::Document(update))
            }
        }
    }

    /// The document that replaces another: `doc` of replaceOne, `replacement` of
    /// findOneAndReplace, which may also hold operators.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is neither.
    pub fn replacement(&mut self, options: &Options) -> Result<Update> {
        let given = self.replacement.take().map(|doc| ("replacement", doc));
        let Some((name, doc)) = given.or_else(|| self.doc.take().map(|doc| ("doc", doc))) else {
            return Err(Error::invalid_params("the replacement is missing"));
        };
        let mut doc = required(name, Some(doc))?;
        if name == "replacement" && mql::Update::is_operators(&doc) {
            ids::in_update(&mut doc);
            return options.parse(&Bson::Document(doc));
        }
        ids::in_document(&mut doc);
        Ok(Update::Replacement(mql::Replacement::parse(doc).map_err(language)?))
    }

    /// The pipeline of `aggregate`.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is none.
    pub fn aggregation(&mut self, options: &Options) -> Result<Aggregation> {
        let Some(Json(Bson::Array(mut stages))) = self.pipeline.take() else {
            return Err(Error::invalid_params("pipeline must be an array"));
        };
        ids::in_pipeline(&mut stages);
        let may_spill = options.flag("allowDiskUse", false)?;
        Aggregation::parse(stages, &options.collation, options.document("let")?, may_spill, options.hint())
    }

    /// The new name of a collection.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is not a text.
    pub fn to(&mut self) -> Result<String> {
        match self.to.take() {
            Some(Json(Bson::String(to))) => Ok(to),
            _ => Err(Error::invalid_params("to must be the new name of the collection")),
        }
    }

    /// The indexes to make.
    ///
    /// # Errors
    /// `InvalidParams.Format` when they are not an array of objects.
    pub fn indexes(&mut self) -> Result<Vec<Document>> {
        let wrong = || Error::invalid_params("indexes must be an array of objects, and not empty");
        match self.indexes.take() {
            Some(Json(Bson::Array(items))) if !items.is_empty() => {
                items.into_iter().map(|item| if let Bson::Document(spec) = item { Ok(spec) } else { Err(wrong()) }).collect()
            }
            _ => Err(wrong()),
        }
    }

    /// The one index to make, as the manual writes it (3.10.6): its key in `field`, and the rest in
    /// the options.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the key is missing, or an option says the key once more.
    pub fn one_index(&mut self, options: &Options) -> Result<Document> {
        let key = required("field", self.field.take())?;
        if options.fields.contains_key("key") {
            return Err(Error::invalid_params("the key of an index is given as field, not as an option"));
        }
        let mut spec = Document::new();
        spec.insert("key", key);
        // Sessions and time limits are of the command, and not of the index.
        let of_command = |name: &str| matches!(name, "maxTimeMS" | "background" | "writeConcern" | "session");
        spec.extend(options.fields.iter().filter(|(name, _)| !of_command(name)).map(|(name, value)| (name.clone(), value.clone())));
        Ok(spec)
    }

    /// The indexes to remove.
    ///
    /// # Errors
    /// `InvalidParams.Format` when they are missing.
    pub fn index(&mut self) -> Result<Bson> {
        match self.index.take() {
            Some(Json(which @ (Bson::String(_) | Bson::Document(_) | Bson::Array(_)))) => Ok(which),
            _ => Err(Error::invalid_params("index must be a name, a list of names, a key, or \"*\"")),
        }
    }

    /// The field whose values `distinct` answers.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is not a text.
    pub fn key(&mut self) -> Result<String> {
        match self.key.take() {
            Some(Json(Bson::String(key))) if !key.is_empty() => Ok(key),
            _ => Err(Error::invalid_params("key must be a text that is not empty")),
        }
    }
}

fn filter(mut doc: Document, options: &Options) -> Result<Arc<Filter>> {
    ids::in_filter(&mut doc);
    let filter = Filter::parse_with(&doc, &options.collation).map_err(language)?;
    Ok(Arc::new(filter.until(options.deadline)))
}

fn required(name: &str, value: Option<Json>) -> Result<Document> {
    document(name, value)?.ok_or_else(|| Error::invalid_params(format!("{name} is missing")))
}

fn document(name: &str, value: Option<Json>) -> Result<Option<Document>> {
    match value {
        None | Some(Json(Bson::Null)) => Ok(None),
        Some(Json(Bson::Document(doc))) => Ok(Some(doc)),
        Some(_) => Err(Error::invalid_params(format!("{name} must be an object"))),
    }
}

/// A command's options.
#[derive(Clone)]
pub struct Options {
    fields: Document,
    /// How strings compare.
    pub collation: Collation,
    /// When the command has to end.
    pub deadline: Instant,
}

impl Options {
    /// The index to use.
    pub fn hint(&self) -> Option<Bson> {
        self.fields.get("hint").filter(|hint| !matches!(hint, Bson::Null)).cloned()
    }

    /// An option that is an array of objects; none when it is absent.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is something else.
    pub fn documents(&self, name: &str) -> Result<Vec<Document>> {
        let wrong = || Error::invalid_params(format!("{name} must be an array of objects"));
        match self.fields.get(name) {
            None | Some(Bson::Null) => Ok(Vec::new()),
            Some(Bson::Array(items)) => items.iter().map(|item| item.as_document().cloned().ok_or_else(wrong)).collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// An option that is an object; empty when it is absent.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is something else.
    pub fn document(&self, name: &str) -> Result<Document> {
        match self.fields.get(name) {
            None | Some(Bson::Null) => Ok(Document::new()),
            Some(Bson::Document(doc)) => Ok(doc.clone()),
            Some(_) => Err(Error::invalid_params(format!("{name} must be an object"))),
        }
    }

    fn parse(&self, update: &Bson) -> Result<Update> {
        let options = UpdateOptions {
            array_filters: self.documents("arrayFilters")?,
            collation: self.collation.clone(),
            now: None,
            variables: self.document("let")?,
        };
        Ok(Update::Operators(mql::Update::parse_with(update, &options).map_err(language)?))
    }

    /// An option that counts something.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is not a whole number, or negative.
    pub fn count(&self, name: &str) -> Result<Option<u64>> {
        let n = match self.fields.get(name) {
            None | Some(Bson::Null) => return Ok(None),
            Some(Bson::Int32(n)) => i64::from(*n),
            Some(Bson::Int64(n)) => *n,
            Some(Bson::Double(n)) if n.fract() == 0.0 && n.abs() < 1e15 => *n as i64,
            Some(_) => -1,
        };
        let n = u64::try_from(n).map_err(|_| Error::invalid_params(format!("{name} must be a whole number, and not negative")))?;
        Ok(Some(n))
    }

    /// How many documents `find` answers. More than the caller may have becomes what it may have;
    /// zero stands for the default, as absent does.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn limit(&self, call: &Call) -> Result<u64> {
        let most = if call.caller.kind == CallerKind::Client { MAX_CLIENT_LIMIT } else { MAX_LIMIT };
        Ok(self.count("limit")?.filter(|n| *n > 0).unwrap_or(DEFAULT_LIMIT).min(most))
    }

    /// How long a query may run: `maxTimeMS`, and for a mini program one second unless it says
    /// otherwise and three at most.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn time(&self, call: &Call) -> Result<Option<Duration>> {
        let asked = self.count("maxTimeMS")?.filter(|ms| *ms > 0).map(Duration::from_millis);
        Ok(match call.caller.kind {
            CallerKind::Client => Some(asked.unwrap_or(DEFAULT_TIME).min(MAX_TIME)),
            _ => asked,
        })
    }

    /// The sort order, if there is one.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is wrong.
    pub fn sort(&self) -> Result<Option<Sort>> {
        match self.fields.get("sort") {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Document(order)) => {
                Ok(Some(Sort::parse_with(order, &self.collation).map_err(language)?).filter(|sort| !sort.is_empty()))
            }
            Some(_) => Err(Error::invalid_params("sort must be an object")),
        }
    }

    /// The projection, if there is one.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is wrong.
    pub fn projection(&self, filter: &Filter) -> Result<Option<Projection>> {
        match self.fields.get("projection") {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Document(fields)) if fields.is_empty() => Ok(None),
            Some(Bson::Document(fields)) => Ok(Some(Projection::parse_for(fields, filter).map_err(language)?)),
            Some(_) => Err(Error::invalid_params("projection must be an object")),
        }
    }

    /// An option that is on or off.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is neither.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.fields.get(name) {
            None | Some(Bson::Null) => Ok(default),
            Some(Bson::Boolean(on)) => Ok(*on),
            Some(_) => Err(Error::invalid_params(format!("{name} must be true or false"))),
        }
    }

    /// An option that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Bson::as_str)
    }
}
