//! Where `$out` and `$merge` put the results of a pipeline.

use std::sync::Arc;

use bson::Document;
use bson::oid::ObjectId;
use mql::aggregate::{Merge, Output, WhenNotMatched};
use mql::expression::Variables;
use mql::index::IndexSpec;
use mql::{Collation, Filter};
use sdk_plugin::contract::db::DUPLICATE_KEY;
use sdk_plugin::{Error, Result, codes};

use crate::change::{Change, Target};
use crate::database::Database;
use crate::error::language;
use crate::find::Query;
use crate::index;
use crate::insert::{self, New};
use crate::layout;
use crate::locks::Locks;
use crate::records::Records;

/// How many results are stored together.
const BATCH: usize = 500;

/// A result that is merged into the document that is there.
pub struct Merging {
    merge: Arc<Merge>,
    result: Document,
    variables: Variables,
}

impl Merging {
    /// What becomes of the document; `None` when it stays as it is.
    ///
    /// # Errors
    /// `DuplicateKey` when there should be none; `InvalidParams.Format` for the errors of the stage.
    pub fn with(&self, document: &Document) -> Result<Option<Document>> {
        self.merge.merged(document, &self.result, &self.variables).map_err(|error| match error.code().number() {
            11000 => Error::new(DUPLICATE_KEY, error.message()).with_context("mongodb", "DuplicateKey (11000)"),
            _ => language(error),
        })
    }
}

/// Takes the results of a pipeline.
pub enum Writer {
    /// They are gathered beside the collection that they replace.
    Out(Out),
    /// Each is merged into a collection.
    Merge(Into),
}

/// The results that replace a collection, once all are there.
pub struct Out {
    database: Arc<Database>,
    locks: Locks,
    target: String,
    /// The indexes that the target has to have still when it is replaced.
    indexes: Vec<IndexSpec>,
    aside: String,
    waiting: Vec<New>,
    finished: bool,
}

impl Drop for Out {
    fn drop(&mut self) {
        // Nobody waited for the end.
        if !self.finished
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (database, aside) = (self.database.clone(), std::mem::take(&mut self.aside));
            runtime.spawn(async move { database.drop_collection(&aside).await });
        }
    }
}

/// The collection that results are merged into.
pub struct Into {
    target: Target,
    merge: Arc<Merge>,
    variables: Variables,
}

impl Writer {
    /// Begins to write.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the collection's name cannot be one, or no unique index says
    /// that a result is merged into one document only.
    pub async fn open(output: &Output, database: &Arc<Database>, locks: &Locks, variables: Variables) -> Result<Self> {
        layout::collection(output.collection())?;
        match output {
            Output::Out(target) => {
                let aside = Database::temporary();
                let records = Records::open(database.clone(), target).await?;
                let specs: Vec<IndexSpec> = records.collection.indexes.iter().map(|index| index.spec.clone()).collect();
                drop(records);
                let (database, target) = (database.clone(), target.clone());
                let out = Out { locks: locks.clone(), target, indexes: specs, aside, waiting: Vec::new(), finished: false, database };
                out.database.make(&out.aside).await?;
                if !out.indexes.is_empty() {
                    index::create(&out.database, locks, &out.aside, out.indexes.clone()).await?;
                }
                Ok(Self::Out(out))
            }
            Output::Merge(merge) => {
                let records = Records::open(database.clone(), merge.collection()).await?;
                if !is_unique(&records, merge.on()) {
                    let message = "Cannot find index to verify that join fields will be unique";
                    return Err(Error::invalid_params(message).with_context("mongodb", "Location51183 (51183)"));
                }
                let target = Target { records, locks: locks.clone() };
                Ok(Self::Merge(Into { target, merge: Arc::new(merge.clone()), variables }))
            }
        }
    }

    /// Takes a result.
    ///
    /// # Errors
    /// `DuplicateKey` and what the stage says; otherwise what the database answers.
    pub async fn add(&mut self, result: Document) -> Result<()> {
        match self {
            Self::Out(out) => {
                out.waiting.push(New::of(result)?);
                if out.waiting.len() >= BATCH { out.store().await } else { Ok(()) }
            }
            Self::Merge(into) => into.add(result).await,
        }
    }

    /// Ends after the last result.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub async fn finish(&mut self) -> Result<()> {
        match self {
            Self::Out(out) => {
                out.store().await?;
                // From here on the catalog says whose the documents are, and not whoever waits.
                out.finished = true;
                let (database, indexes) = (out.database.clone(), std::mem::take(&mut out.indexes));
                let (aside, target) = (out.aside.clone(), out.target.clone());
                let renamed = tokio::spawn(async move {
                    let renamed = database.rename(&aside, &target, Some(&indexes)).await;
                    if renamed.as_ref().is_err_and(|error| error.code() == codes::CONFLICT) {
                        database.drop_collection(&aside).await?;
                    }
                    renamed
                });
                renamed.await.map_err(Error::internal)?
            }
            Self::Merge(_) => Ok(()),
        }
    }

    /// Forgets what was gathered.
    pub async fn abandon(&mut self) {
        if let Self::Out(out) = self
            && !out.finished
        {
            // It cannot be seen by anybody, and costs no more than its space.
            let _ = out.database.drop_collection(&out.aside).await;
            out.finished = true;
        }
    }
}

impl Out {
    async fn store(&mut self) -> Result<()> {
        let records = Records::open(self.database.clone(), &self.aside).await?;
        let target = Target { records, locks: self.locks.clone() };
        let stored = insert::many(&target, &self.waiting, true).await;
        self.waiting.clear();
        stored
    }
}

impl Into {
    async fn add(&self, mut result: Document) -> Result<()> {
        if !result.contains_key("_id") && self.merge.on().iter().any(|field| field == "_id") {
            result.insert("_id", ObjectId::new());
        }
        let key = self.merge.key(&result).map_err(language)?;
        let filter = Arc::new(Filter::parse_with(&key, &Collation::simple()).map_err(language)?);
        let query = Query { filter, sort: None, skip: 0, limit: 1, hint: None };
        let change = Change::Merge(Merging { merge: self.merge.clone(), result: result.clone(), variables: self.variables.clone() });
        if self.target.first(&query, &change).await?.is_some() {
            return Ok(());
        }
        match self.merge.when_not_matched() {
            WhenNotMatched::Discard => Ok(()),
            WhenNotMatched::Fail => {
                let message =
                    "$merge could not find a matching document in the target collection for at least one document in the source collection";
                Err(Error::invalid_params(message).with_context("mongodb", "MergeStageNoMatchingDocument (13113)"))
            }
            WhenNotMatched::Insert => match insert::one(&self.target, &New::of(result)?).await {
                // Somebody else was faster.
                Err(error) if error.code() == DUPLICATE_KEY => match self.target.first(&query, &change).await? {
                    Some(_) => Ok(()),
                    None => Err(error),
                },
                inserted => inserted,
            },
        }
    }
}

/// Whether some index makes documents unique in these fields.
fn is_unique(records: &Records, on: &[String]) -> bool {
    let same = |spec: &IndexSpec| {
        spec.is_unique()
            && spec.partial().is_none()
            && spec.collation().is_simple()
            && spec.fields().len() == on.len()
            && spec.fields().iter().all(|field| on.iter().any(|name| name == field.path()))
    };
    same(&IndexSpec::id()) || records.collection.indexes.iter().any(|index| index.ready && same(&index.spec))
}
