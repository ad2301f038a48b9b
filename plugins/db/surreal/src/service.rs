//! The commands of the SDK, with their replies.

use std::path::Path;
use std::time::Instant;

use bson::Bson;
use bytes::Bytes;
use mql::{Projection, json};
use sdk_plugin::{Call, CallerKind, Error, Reply, Result};

use crate::change::{Change, Changed, Outcome, Target};
use crate::command::{Command, Options};
use crate::config::Config;
use crate::engine::Engine;
use crate::find::{self, Query};
use crate::ids;
use crate::insert::{self, New};
use crate::layout;
use crate::locks::Locks;
use crate::records::Records;
use crate::scan::Match;
use crate::transaction::{Transaction, Transactions};

/// The document database of all spaces.
pub struct Service {
    engine: Engine,
    locks: Locks,
    transactions: Transactions,
}

impl Service {
    /// Opens the database.
    ///
    /// # Errors
    /// `InvalidConfiguration`, or `ServiceUnavailable` when the database cannot be opened.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let locks = Locks::default();
        Ok(Self { engine: Engine::open(config, data_dir).await?, transactions: Transactions::new(locks.clone()), locks })
    }

    /// The connection behind it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Answers [`EXECUTE`](sdk_plugin::contract::db::EXECUTE).
    ///
    /// # Errors
    /// `InvalidParams.Format` for whatever is wrong with the command, `DuplicateKey`,
    /// `RequestTimeout`, or what the database answers.
    pub async fn execute(&self, call: &Call) -> Result<Reply> {
        let mut command: Command = call.decode()?;
        if command.command.ends_with("Transaction") {
            return self.transaction(call, &mut command).await;
        }
        let collection = command.collection.take().ok_or_else(|| Error::invalid_params("collection is missing"))?;
        layout::collection(&collection)?;
        let options = command.options()?;
        let mut deadline = call.deadline;
        if reads(&command.command)
            && let Some(time) = options.time(call)?
        {
            deadline = deadline.min(Instant::now() + time);
        }
        let work = self.run(call, command, &collection, &options);
        match tokio::time::timeout_at(deadline.into(), work).await {
            Ok(Err(error)) if error.code() == sdk_plugin::codes::UNAVAILABLE => {
                // The session may be one on a database that was removed meanwhile.
                self.engine.forget(&call.space).await;
                Err(error)
            }
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(sdk_plugin::codes::TIMEOUT, "operation exceeded time limit").retryable()),
        }
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
        let records = Records::open(self.engine.database(&call.space).await?, collection);
        let target = Target { records: records.clone(), locks: self.locks.clone() };
        match plan {
            Plan::Find(query, projection) => documents(find::find(&records, &query).await?, projection.as_ref()),
            Plan::FindOne(query, projection) => one_document(find::find(&records, &query).await?.into_iter().next(), projection.as_ref()),
            Plan::Count { filter, skip, limit } => {
                let counted = find::count(&records, &filter, skip, limit).await?;
                Ok(literal(&format!(r#"{{"affectedDocs":{counted},"result":{counted}}}"#)))
            }
            Plan::Distinct { filter, key } => {
                let values = find::distinct(&records, &filter, &key).await?;
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
                let mut outcome = target.all(&query.filter, &change).await?;
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
                value(changed, upserted, &change, after, projection.as_ref())
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
            value(changed, upserted, &change, after, projection.as_ref())
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
    Count { filter: mql::Filter, skip: u64, limit: Option<u64> },
    Distinct { filter: mql::Filter, key: String },
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
        let first = |filter, sort| Query { filter, sort, skip: 0, limit: 1 };
        let upsert = options.flag("upsert", false)?;
        Ok(match name {
            "find" => {
                let skip = options.count("skip")?.unwrap_or(0);
                let query = Query { filter: command.query()?, sort: options.sort()?, skip, limit: options.limit(call)? };
                Self::Find(query, options.projection()?)
            }
            "findOne" => {
                options.count("limit")?;
                let skip = options.count("skip")?.unwrap_or(0);
                Self::FindOne(Query { filter: command.query()?, sort: options.sort()?, skip, limit: 1 }, options.projection()?)
            }
            "count" => Self::Count { filter: command.query()?, skip: options.count("skip")?.unwrap_or(0), limit: options.count("limit")? },
            "distinct" => Self::Distinct { filter: command.query()?, key: command.key()? },
            "insertOne" => Self::InsertOne(new(command.doc()?)?),
            "insertMany" => {
                let documents = command.docs()?.into_iter().map(new).collect::<Result<_>>()?;
                Self::InsertMany { documents, ordered: options.flag("ordered", true)? }
            }
            "updateOne" => {
                let (query, change) = (first(command.filter()?, None), Change::Update(command.update()?));
                Self::ChangeOne { query, change, upsert }
            }
            "replaceOne" => {
                let (query, change) = (first(command.filter()?, None), Change::Update(command.replacement()?));
                Self::ChangeOne { query, change, upsert }
            }
            "updateMany" => {
                let (query, change) = (first(command.filter()?, None), Change::Update(command.update()?));
                Self::ChangeMany { query, change, upsert }
            }
            "deleteOne" => Self::ChangeOne { query: first(command.filter()?, None), change: Change::Delete, upsert: false },
            "deleteMany" => Self::ChangeMany { query: first(command.filter()?, None), change: Change::Delete, upsert: false },
            "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => {
                let change = match name {
                    "findOneAndUpdate" => Change::Update(command.update()?),
                    "findOneAndReplace" => Change::Update(command.replacement()?),
                    _ => Change::Delete,
                };
                Self::FindAndChange {
                    query: first(command.filter()?, options.sort()?),
                    upsert: upsert && !matches!(change, Change::Delete),
                    after: options.flag("returnNewDocument", false)? || options.text("returnDocument") == Some("after"),
                    change,
                    projection: options.projection()?,
                }
            }
            "aggregate" => return Err(not_yet("the command aggregate")),
            other => return Err(Error::invalid_params(format!("unknown command `{other}`"))),
        })
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

fn not_yet(what: &str) -> Error {
    Error::invalid_params(format!("{what} is not supported yet"))
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

/// The reply of the findOneAnd… commands.
fn value(
    changed: Option<Changed>,
    upserted: Option<(Bson, Bytes)>,
    change: &Change,
    after: bool,
    projection: Option<&Projection>,
) -> Result<Reply> {
    let affected = changed.is_some() || upserted.is_some();
    let existing = changed.is_some();
    let (shown, upserted) = match (changed, upserted) {
        (Some(changed), _) => (Some(if after { changed.after } else { changed.before }), None),
        (None, Some((id, bytes))) => (after.then_some(bytes), Some(id)),
        (None, None) => (None, None),
    };
    reply(u64::from(affected), |out| {
        out.extend_from_slice(br#"{"value":"#);
        match shown {
            Some(bytes) => find::write(Match { bytes, decoded: None }, projection, out)?,
            None => out.extend_from_slice(b"null"),
        }
        let updated = match change {
            Change::Delete => String::new(),
            Change::Update(_) => format!(r#","updatedExisting":{existing}"#),
        };
        let upserted = upserted.map_or_else(String::new, |id| format!(r#","upserted":{}"#, json::to_string(&id)));
        out.extend_from_slice(format!(r#","ok":1,"lastErrorObject":{{"n":{}{updated}{upserted}}}}}"#, u64::from(affected)).as_bytes());
        Ok(())
    })
}
