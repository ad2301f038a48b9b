//! A space of the backend, as a case uses it.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::same::{includes, same};
use crate::conformance::backend::Answering;
use crate::conformance::case::CaseSpace;
use crate::contract::db::EXECUTE;
use crate::{Body, Call, Caller, CallerKind, Error, Reply, Result};

/// How long a command may take. Making an index waits for other nodes in some backends.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a value a failure shows, in bytes.
const SHOWN: usize = 2000;

/// A space, and who makes calls in it. Commands go to the collection `c` unless they name another.
#[derive(Clone)]
pub(super) struct Space {
    backend: Arc<dyn Answering>,
    name: String,
    caller: CallerKind,
}

impl CaseSpace for Space {
    /// A new one, with calls of a server of the mini program's team.
    async fn open(backend: Arc<dyn Answering>) -> Result<Self> {
        let name = backend.open_space().await?;
        Ok(Self { backend, name, caller: CallerKind::Server })
    }
}

impl Space {
    /// Another new one of the same backend.
    pub(super) async fn another(&self) -> Self {
        Self::open(self.backend.clone()).await.unwrap_or_else(|error| panic!("no second space was opened: {error:?}"))
    }

    /// The same space, with calls of another kind of caller.
    pub(super) fn by(&self, caller: CallerKind) -> Self {
        Self { caller, ..self.clone() }
    }

    /// The same space, with calls of an administrator.
    pub(super) fn admin(&self) -> Self {
        self.by(CallerKind::Admin)
    }

    /// Removes all that is in the space.
    pub(super) async fn delete(&self) {
        self.backend.delete_space(&self.name).await.unwrap_or_else(|error| panic!("the space was not deleted: {error:?}"));
    }

    /// Makes a call with parameters that are JSON text, in which the order of fields counts.
    pub(super) async fn text(&self, params: &str, body: Option<Body>) -> Result<Reply> {
        let mut call = Call::new(&*self.name, EXECUTE, params.to_owned());
        call.caller = Caller::of(self.caller);
        call.deadline = Instant::now() + PATIENCE;
        call.body = body;
        self.backend.answer(call).await
    }

    /// Makes a call that has to be answered by some moment.
    pub(super) async fn until(&self, deadline: Instant, command: &str, params: Value) -> Result<Value> {
        let mut call = Call::new(&*self.name, EXECUTE, with(command, params).to_string());
        call.caller = Caller::of(self.caller);
        call.deadline = deadline;
        self.backend.answer(call).await?.decode()
    }

    /// Makes a call with a body.
    pub(super) async fn send(&self, command: &str, params: Value, body: Option<Body>) -> Result<Reply> {
        self.text(&with(command, params).to_string(), body).await
    }

    /// Makes a call.
    pub(super) async fn call(&self, command: &str, params: Value) -> Result<Value> {
        self.send(command, params, None).await?.decode()
    }

    /// The answer to a call that has to succeed.
    pub(super) async fn answer(&self, command: &str, params: Value) -> Value {
        match self.call(command, params.clone()).await {
            Ok(answer) => answer,
            Err(error) => panic!("{command} has to succeed\n  params: {}\n  answered: {error:?}", cut(&params)),
        }
    }

    /// That a call is answered so, and nothing beside.
    pub(super) async fn answers(&self, command: &str, params: Value, expected: Value, rule: &str) -> Value {
        self.compare(command, params, expected, rule, same).await
    }

    /// That a call is answered so; objects may have further fields.
    pub(super) async fn includes(&self, command: &str, params: Value, expected: Value, rule: &str) -> Value {
        self.compare(command, params, expected, rule, includes).await
    }

    async fn compare(&self, command: &str, params: Value, expected: Value, rule: &str, fits: fn(&Value, &Value) -> bool) -> Value {
        let answered = match self.call(command, params.clone()).await {
            Ok(answered) if fits(&expected, &answered) => return answered,
            Ok(answered) => cut(&answered),
            Err(error) => format!("{error:?}"),
        };
        panic!("{rule}\n  command: {command} {}\n  expected: {}\n  answered: {answered}", cut(&params), cut(&expected));
    }

    /// That a call fails with a code.
    pub(super) async fn refuses(&self, command: &str, params: Value, code: &str, rule: &str) -> Error {
        let answered = match self.call(command, params.clone()).await {
            Err(error) if error.code() == code => return error,
            Ok(answered) => cut(&answered),
            Err(error) => format!("{error:?}"),
        };
        panic!("{rule}\n  command: {command} {}\n  expected: the error {code}\n  answered: {answered}", cut(&params));
    }

    /// Inserts documents.
    pub(super) async fn fill(&self, docs: Value) {
        self.answer("insertMany", json!({"docs": docs})).await;
    }

    /// The documents that `find` answers.
    pub(super) async fn find(&self, query: Value, options: Value) -> Vec<Value> {
        let params = json!({"query": query, "options": options});
        let answer = self.answer("find", params.clone()).await;
        match &answer["result"] {
            Value::Array(documents) => documents.clone(),
            _ => panic!("find answers an array in `result`\n  params: {}\n  answered: {}", cut(&params), cut(&answer)),
        }
    }

    /// The `_id`s of what `find` answers.
    pub(super) async fn ids(&self, query: Value, options: Value) -> Vec<Value> {
        self.find(query, options).await.into_iter().map(|document| document["_id"].clone()).collect()
    }

    /// That a filter matches the documents with these `_id`s.
    pub(super) async fn matches(&self, query: Value, ids: Value, rule: &str) {
        let found = self.ids(query.clone(), json!({"sort": {"_id": 1}})).await;
        require(same(&ids, &json!(found)), rule, format_args!("the filter {query} has to match {ids}, and matched {}", json!(found)));
    }

    /// That the collection holds these documents, by `_id`.
    pub(super) async fn holds(&self, documents: Value, rule: &str) {
        let found = Value::Array(self.find(json!({}), json!({"sort": {"_id": 1}})).await);
        require(same(&documents, &found), rule, format_args!("the collection has to hold {documents}, and holds {}", cut(&found)));
    }

    /// Makes an index over what is there.
    pub(super) async fn index(&self, spec: Value) {
        self.admin().answer("createIndexes", json!({"indexes": [spec]})).await;
    }

    /// What `explain` says of a query: its plan, as JSON text.
    pub(super) async fn plan(&self, query: Value, mut options: Value) -> String {
        options["explain"] = true.into();
        let answer = self.answer("find", json!({"query": query, "options": options})).await;
        answer["result"]["queryPlanner"]["winningPlan"].to_string()
    }
}

/// That something of the contract is met.
pub(super) fn require(met: bool, rule: &str, seen: impl Display) {
    assert!(met, "{rule}\n  seen: {}", cut(&seen));
}

fn with(command: &str, mut params: Value) -> Value {
    params["command"] = command.into();
    if params.get("collection").is_none() {
        params["collection"] = "c".into();
    }
    if params.get("options").is_none() {
        params["options"] = json!({});
    }
    params
}

/// A value as text of bounded length.
pub(super) fn cut(value: &impl Display) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
