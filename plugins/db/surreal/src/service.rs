//! The commands of the SDK, with their replies.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bson::Bson;
use bytes::Bytes;
use mql::{Projection, json};
use sdk_plugin::{Body, Call, CallerKind, Error, Host, Reply, Result};
use surreal_records::{Answer, Config};

use crate::aggregate::{Aggregation, Aggregator};
use crate::change::{Change, Changed, Outcome, Target};
use crate::command::{Command, Options};
use crate::engine::Engine;
use crate::error::language;
use crate::find::{self, Query};
use crate::ids;
use crate::index;
use crate::insert::{self, New};
use crate::layout;
use crate::operations::{self, Operator};
use crate::records::Records;
use crate::scan::{Match, decode};
use crate::transaction::{Transaction, Transactions};

/// The document database of all spaces.
pub struct Service {
    engine: Arc<Engine>,
    transactions: Transactions,
    /// Who is told what happens to collections.
    host: Option<Host>,
    /// Where pipelines put what does not fit into memory.
    folder: PathBuf,
}

impl Service {
    /// Opens the database.
    ///
    /// # Errors
    /// `InvalidConfiguration`, or `ServiceUnavailable` when the database cannot be opened.
    #[inline(never)]
    pub fn open<'a>(config: &'a Config, data_dir: &'a Path) -> Answer<'a, Self> {
        Box::pin(async move {
            let engine = Engine::open(config, data_dir).await?;
            Ok(Self { transactions: Transactions::new(engine.locks.clone()), engine, host: None, folder: data_dir.join("aggregate") })
        })
    }

    /// Tells others through the host what happens to collections.
    #[must_use]
    pub fn telling(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// The connection behind it.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Removes a space's database.
    ///
    /// # Errors
    /// What the database answers.
    #[inline(never)]
    pub fn remove<'a>(&'a self, space: &'a str) -> Answer<'a, ()> {
        Box::pin(self.engine.remove(space))
    }

    /// Answers [`EXECUTE`](sdk_plugin::contract::db::EXECUTE).
    ///
    /// # Errors
    /// `InvalidParams.Format` for whatever is wrong with the command, `DuplicateKey`,
    /// `RequestTimeout`, or what the database answers.
    #[inline(never)]
    pub fn execute<'a>(&'a self, call: &'a Call) -> Answer<'a, Reply> {
        self.execute_with(call, None)
    }

    /// As [`execute`](Self::execute), with the body of the call.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    #[inline(never)]
    pub fn execute_with<'a>(&'a self, call: &'a Call, body: Option<Body>) -> Answer<'a, Reply> {
        Box::pin(self.answer(call, body))
    }

    async fn answer(&self, call: &Call, body: Option<Body>) -> Result<Reply> {
        let mut command: Command = call.decode()?;
        if command.command.ends_with("Transaction") {
            return self.transaction(call, &mut command).await;
        }
        let collection = command.collection.take();
        let mut options = command.options(call.deadline)?;
        let operator = matches!(call.caller.kind, CallerKind::Admin | CallerKind::System);
        if operator && operations::knows(&command.command) {
            return self.operate(call, command, collection, &options, body).await;
        }
        let collection = collection.ok_or_else(|| Error::invalid_params("collection is missing"))?;
        layout::collection(&collection)?;
        if reads(&command.command)
            && let Some(time) = options.time(call)?
        {
            options.deadline = options.deadline.min(Instant::now() + time);
        }
        let work = Box::pin(self.run(call, command, &collection, &options));
        match tokio::time::timeout_at(options.deadline.into(), work).await {
            Ok(Err(error)) if error.code() == sdk_plugin::codes::UNAVAILABLE => {
                // The session may be one on a database that was removed meanwhile.
                self.engine.forget(&call.space).await;
                Err(error)
            }
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(sdk_plugin::codes::TIMEOUT, "operation exceeded time limit").retryable()),
        }
    }

    /// Runs a command for operators to its end, even when nobody waits for it any more: half a
    /// change of a collection helps nobody.
    async fn operate(
        &self,
        call: &Call,
        mut command: Command,
        collection: Option<String>,
        options: &Options,
        body: Option<Body>,
    ) -> Result<Reply> {
        let operator = Operator { database: self.engine.database(&call.space).await?, locks: self.engine.locks.clone() };
        let (options, host) = (options.clone(), self.host.clone());
        let work = tokio::spawn(async move {
            let (reply, event) = operator.run(&mut command, collection.as_deref(), &options, body).await?;
            if let (Some(host), Some(event)) = (host, event) {
                host.emit(event).await?;
            }
            Ok(reply)
        });
        match tokio::time::timeout_at(call.deadline.into(), work).await {
            Ok(outcome) => outcome.map_err(Error::internal)?,
            Err(_) => {
                let message = "operation exceeded time limit; it goes on, listIndexes and listCollections show when it is done";
                Err(Error::new(sdk_plugin::codes::TIMEOUT, message).retryable())
            }
        }
    }

    /// Finishes indexes of a collection whose building was cut off.
    fn resume(&self, records: &Records) {
        if records.collection.indexes.iter().all(|index| index.ready) {
            return;
        }
        let (database, locks, collection) = (records.database.clone(), self.engine.locks.clone(), records.collection.name.clone());
        tokio::spawn(async move {
            if let Err(error) = index::resume(&database, &locks, &collection).await {
                tracing::info!(space = &*database.space, collection, %error, "indexes that were cut off are not made yet");
            }
        });
    }

    async fn transaction(&self, call: &Call, command: &mut Command) -> Result<Reply> {
        refuse_clients(call)?;
        let id = command.transaction()?;
        let needed = || Error::invalid_params(format!("{} needs the transactionId", command.command));
        match command.command.as_str() {
            "startTransaction" => {
                let id = self.transactions.start(self.engine.database(&call.space).await?).await?;
                return Ok(literal(&format!(r#"{{"affectedDocs":0,"transactionId":"{id}"}}"#)));
            }
            "commitTransaction" => self.transactions.commit(&call.space, &id.ok_or_else(needed)?).await?,
            "abortTransaction" => self.transactions.abort(&call.space, &id.ok_or_else(needed)?).await?,
            other => return Err(Error::invalid_params(format!("unknown command `{other}`"))),
        }
        Ok(literal(r#"{"affectedDocs":0,"result":null}"#))
    }

    async fn run(&self, call: &Call, mut command: Command, collection: &str, options: &Options) -> Result<Reply> {
        let name = command.command.clone();
        let transaction = command.transaction()?;
        let plan = Plan::of(&name, &mut command, options, call)?;
        if let Some(id) = transaction {
            refuse_clients(call)?;
            let open = self.transactions.get(&call.space, &id)?;
            let outcome = within(&open, collection, &name, plan).await;
            return self.transactions.ends_with(&id, outcome).await;
        }
        let database = self.engine.database(&call.space).await?;
        if let Plan::Aggregate(aggregation, explain) = plan {
            aggregation.pipeline.check_source(collection).map_err(language)?;
            let aggregator =
                Aggregator { database, collection: collection.to_owned(), locks: self.engine.locks.clone(), folder: self.folder.clone() };
            if explain {
                let explained = aggregator.explain(&aggregation).await?;
                return document(&explained);
            }
            let results = aggregator.run(Arc::new(aggregation), options.deadline).await?;
            return reply(results.len() as u64, |out| {
                json::write(&Bson::Array(results.into_iter().map(Bson::Document).collect()), out);
                Ok(())
            });
        }
        let records = Records::open(database, collection).await?;
        self.resume(&records);
        let target = Target { records: records.clone(), locks: self.engine.locks.clone() };
        match plan {
            Plan::Find(query, projection) => documents(find::find(&records, &query).await?, projection.as_ref()),
            Plan::FindOne(query, projection) => one_document(find::find(&records, &query).await?.into_iter().next(), projection.as_ref()),
            Plan::Explain(query, filter) => document(&find::explain(&records, &query, &filter).await?),
            Plan::Aggregate(..) => Err(Error::internal("aggregate has been run")),
            Plan::Count(query, limit) => {
                let counted = find::count(&records, &query, limit).await?;
                Ok(literal(&format!(r#"{{"affectedDocs":{counted},"result":{counted}}}"#)))
            }
            Plan::Distinct(query, key) => {
                let values = find::distinct(&records, &query, &key, &options.collation).await?;
                reply(values.len() as u64, |out| {
                    json::write(&Bson::Array(values), out);
                    Ok(())
                })
            }
            Plan::InsertOne(new) => {
                insert::one(&target, &new).await?;
                Ok(inserted(&new))
            }
            Plan::InsertMany { documents, ordered } => {
                insert::many(&target, &documents, ordered).await?;
                let ids: Vec<String> =
                    documents.iter().enumerate().map(|(i, new)| format!(r#""{i}":{}"#, json::to_string(&new.id))).collect();
                Ok(literal(&format!(r#"{{"affectedDocs":{},"result":{{{}}}}}"#, documents.len(), ids.join(","))))
            }
            Plan::ChangeOne { query, change, upsert } => {
                let (changed, upserted) = apply(&target, &query, &change, upsert).await?;
                Ok(written(&Outcome::of_one(changed.as_ref(), upserted), &change))
            }
            Plan::ChangeMany { query, change, upsert } => {
                let mut outcome = target.all(&query, &change).await?;
                if outcome.matched == 0 && upsert {
                    let (changed, upserted) = target.upsert(&query, &change).await?;
                    outcome.matched = u64::from(changed.is_some());
                    outcome.modified = u64::from(changed.is_some_and(|changed| changed.modified));
                    outcome.upserted = upserted;
                }
                Ok(written(&outcome, &change))
            }
            Plan::FindAndChange { query, change, upsert, after, projection } => {
                let (changed, upserted) = apply(&target, &query, &change, upsert).await?;
                value(changed, upserted, &change, &Shown { after, filter: &query.filter, projection: projection.as_ref() })
            }
        }
    }
}

/// Runs a command in a transaction.
async fn within(transaction: &Transaction, collection: &str, name: &str, plan: Plan) -> Result<Reply> {
    match plan {
        Plan::FindOne(query, projection) => one_document(transaction.find_one(collection, &query).await?, projection.as_ref()),
        Plan::InsertOne(new) => {
            transaction.insert_one(collection, &new).await?;
            Ok(inserted(&new))
        }
        Plan::ChangeOne { query, change, upsert } => {
            let (changed, upserted) = transaction.change_one(collection, &query, &change, upsert).await?;
            Ok(written(&Outcome::of_one(changed.as_ref(), upserted), &change))
        }
        Plan::FindAndChange { query, change, upsert, after, projection } => {
            let (changed, upserted) = transaction.change_one(collection, &query, &change, upsert).await?;
            value(changed, upserted, &change, &Shown { after, filter: &query.filter, projection: projection.as_ref() })
        }
        _ => {
            Err(Error::invalid_params(format!("{name} is not possible in a transaction, which takes only commands for a single document")))
        }
    }
}

/// Transactions are for cloud functions and servers (manual 3.10.5).
fn refuse_clients(call: &Call) -> Result<()> {
    if call.caller.kind == CallerKind::Client {
        let message = "transactions are for cloud functions; a mini program cannot use them";
        return Err(Error::new(sdk_plugin::codes::PERMISSION_DENIED, message));
    }
    Ok(())
}

/// A command, understood; what is wrong with it is known before the database is asked.
enum Plan {
    Find(Query, Option<Projection>),
    FindOne(Query, Option<Projection>),
    Explain(Query, bson::Document),
    Aggregate(Aggregation, bool),
    Count(Query, Option<u64>),
    Distinct(Query, String),
    InsertOne(New),
    InsertMany { documents: Vec<New>, ordered: bool },
    ChangeOne { query: Query, change: Change, upsert: bool },
    ChangeMany { query: Query, change: Change, upsert: bool },
    FindAndChange { query: Query, change: Change, upsert: bool, after: bool, projection: Option<Projection> },
}

impl Plan {
    fn of(name: &str, command: &mut Command, options: &Options, call: &Call) -> Result<Self> {
        let new = |mut doc: bson::Document| {
            ids::in_document(&mut doc);
            New::of(doc)
        };
        let hint = options.hint();
        let query = |filter, sort, skip, limit| Query { filter, sort, skip, limit, hint: hint.clone() };
        let first = |filter, sort| query(filter, sort, 0, 1);
        if options.flag("explain", false)? && matches!(name, "find" | "findOne" | "count" | "distinct") {
            let shown = command.shown_query();
            let limit = if name == "findOne" { 1 } else { options.limit(call)? };
            let skip = options.count("skip")?.unwrap_or(0);
            return Ok(Self::Explain(query(command.query(options)?, options.sort()?, skip, limit), shown));
        }
        let upsert = options.flag("upsert", false)?;
        let plan = match name {
            "find" => {
                let skip = options.count("skip")?.unwrap_or(0);
                let query = query(command.query(options)?, options.sort()?, skip, options.limit(call)?);
                let projection = options.projection(&query.filter)?;
                Self::Find(query, projection)
            }
            "findOne" => {
                options.count("limit")?;
                let skip = options.count("skip")?.unwrap_or(0);
                let query = query(command.query(options)?, options.sort()?, skip, 1);
                let projection = options.projection(&query.filter)?;
                Self::FindOne(query, projection)
            }
            "count" => {
                let skip = options.count("skip")?.unwrap_or(0);
                Self::Count(query(command.query(options)?, None, skip, 0), options.count("limit")?)
            }
            "distinct" => Self::Distinct(query(command.query(options)?, None, 0, 0), command.key()?),
            "insertOne" => Self::InsertOne(new(command.doc()?)?),
            "insertMany" => {
                let documents = command.docs()?.into_iter().map(new).collect::<Result<_>>()?;
                Self::InsertMany { documents, ordered: options.flag("ordered", true)? }
            }
            "updateOne" => {
                let (query, change) = (first(command.filter(options)?, None), Change::Update(command.update(options)?));
                Self::ChangeOne { query, change, upsert }
            }
            "replaceOne" => {
                let (query, change) = (first(command.filter(options)?, None), Change::Update(command.replacement(options)?));
                Self::ChangeOne { query, change, upsert }
            }
            "updateMany" => {
                let (query, change) = (first(command.filter(options)?, None), Change::Update(command.update(options)?));
                Self::ChangeMany { query, change, upsert }
            }
            "deleteOne" => Self::ChangeOne { query: first(command.filter(options)?, None), change: Change::Delete, upsert: false },
            "deleteMany" => Self::ChangeMany { query: first(command.filter(options)?, None), change: Change::Delete, upsert: false },
            "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => {
                let change = match name {
                    "findOneAndUpdate" => Change::Update(command.update(options)?),
                    "findOneAndReplace" => Change::Update(command.replacement(options)?),
                    _ => Change::Delete,
                };
                let query = first(command.filter(options)?, options.sort()?);
                Self::FindAndChange {
                    projection: options.projection(&query.filter)?,
                    query,
                    upsert: upsert && !matches!(change, Change::Delete),
                    after: options.flag("returnNewDocument", false)? || options.text("returnDocument") == Some("after"),
                    change,
                }
            }
            "aggregate" => Self::Aggregate(command.aggregation(options, call)?, options.flag("explain", false)?),
            other => return Err(Error::invalid_params(format!("unknown command `{other}`"))),
        };
        match &plan {
            Self::ChangeOne { query, upsert: true, .. }
            | Self::ChangeMany { query, upsert: true, .. }
            | Self::FindAndChange { query, upsert: true, .. } => query.filter.check_upsert().map_err(language)?,
            _ => {}
        }
        Ok(plan)
    }
}

fn one_document(found: Option<Match>, projection: Option<&Projection>) -> Result<Reply> {
    match found {
        Some(found) => reply(1, |out| find::write(found, projection, out)),
        None => Ok(literal(r#"{"affectedDocs":0,"result":null}"#)),
    }
}

fn inserted(new: &New) -> Reply {
    let id = json::to_string(&new.id);
    literal(&format!(r#"{{"affectedDocs":1,"result":{{"insertedId":{id},"ok":1,"n":1}}}}"#))
}

async fn apply(target: &Target, query: &Query, change: &Change, upsert: bool) -> Result<(Option<Changed>, Option<(Bson, Bytes)>)> {
    if upsert { target.upsert(query, change).await } else { Ok((target.first(query, change).await?, None)) }
}

/// The commands that `maxTimeMS` bounds.
fn reads(command: &str) -> bool {
    matches!(command, "find" | "findOne" | "count" | "distinct" | "aggregate") || command.starts_with("findOneAnd")
}

fn document(shown: &bson::Document) -> Result<Reply> {
    reply(0, |out| {
        json::write_document(shown, out);
        Ok(())
    })
}

fn literal(text: &str) -> Reply {
    Reply::raw(text.to_owned())
}

fn reply(affected: u64, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Reply> {
    let mut out = format!(r#"{{"affectedDocs":{affected},"result":"#).into_bytes();
    write(&mut out)?;
    out.push(b'}');
    Ok(Reply::raw(out))
}

fn documents(found: Vec<Match>, projection: Option<&Projection>) -> Result<Reply> {
    reply(found.len() as u64, |out| {
        out.push(b'[');
        for (i, one) in found.into_iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            find::write(one, projection, out)?;
        }
        out.push(b']');
        Ok(())
    })
}

/// The reply of updates and deletions: `affectedDocs` counts what matched or was upserted.
fn written(outcome: &Outcome, change: &Change) -> Reply {
    let n = outcome.matched + u64::from(outcome.upserted.is_some());
    if matches!(change, Change::Delete) {
        return literal(&format!(r#"{{"affectedDocs":{n},"result":{{"ok":1,"n":{n}}}}}"#));
    }
    let upserted = match &outcome.upserted {
        Some((id, _)) => format!(r#","upserted":[{{"index":0,"_id":{}}}],"upsertedId":{0}"#, json::to_string(id)),
        None => String::new(),
    };
    literal(&format!(r#"{{"affectedDocs":{n},"result":{{"ok":1,"n":{n},"nModified":{}{upserted}}}}}"#, outcome.modified))
}

/// What the findOneAnd… commands show of a document.
struct Shown<'a> {
    /// Whether as it is after the change.
    after: bool,
    /// What it had to match.
    filter: &'a mql::Filter,
    projection: Option<&'a Projection>,
}

impl Shown<'_> {
    /// The document as a match, with what the positional `$` of the projection stands for.
    fn of(&self, changed: Changed) -> Result<Match> {
        let mut found = Match::of(if self.after { changed.after } else { changed.before.clone() });
        if self.projection.is_some_and(Projection::is_positional) {
            let before = decode(&changed.before)?;
            found.position = self.filter.test(&before, &bson::Document::new()).map_err(language)?.and_then(|matched| matched.position);
        }
        Ok(found)
    }
}

/// The reply of the findOneAnd… commands.
fn value(changed: Option<Changed>, upserted: Option<(Bson, Bytes)>, change: &Change, how: &Shown<'_>) -> Result<Reply> {
    let affected = changed.is_some() || upserted.is_some();
    let existing = changed.is_some();
    let (shown, upserted) = match (changed, upserted) {
        (Some(changed), _) => (Some(how.of(changed)?), None),
        (None, Some((id, bytes))) => (how.after.then(|| Match::of(bytes)), Some(id)),
        (None, None) => (None, None),
    };
    reply(u64::from(affected), |out| {
        out.extend_from_slice(br#"{"value":"#);
        match shown {
            Some(found) => find::write(found, how.projection, out)?,
            None => out.extend_from_slice(b"null"),
        }
        let updated = match change {
            Change::Delete => String::new(),
            Change::Update(_) | Change::Merge(_) => format!(r#","updatedExisting":{existing}"#),
        };
        let upserted = upserted.map_or_else(String::new, |id| format!(r#","upserted":{}"#, json::to_string(&id)));
        out.extend_from_slice(format!(r#","ok":1,"lastErrorObject":{{"n":{}{updated}{upserted}}}}}"#, u64::from(affected)).as_bytes());
        Ok(())
    })
}
