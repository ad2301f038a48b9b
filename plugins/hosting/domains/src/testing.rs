//! What the tests have instead of a host: a database, domains and certificates in memory, behind
//! the same calls. Filters and updates are `mql`'s own; the real ones are behind them in `tests/`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bson::{Bson, Document};
use mql::{Filter, Update, json};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::domains::{
    self, Bound, Certificate, Challenge, DOMAIN_IN_USE, Domain, Host, INVALID_CERTIFICATE, List, Listed, Upload,
};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, CallerKind, Error, Reply, Result};
use serde_json::{Value, json as json_value};

use crate::core::{SITE_STATUS, SPACES};

type Fault = Box<dyn Fn(&str) -> Option<Error> + Send>;

#[derive(Default)]
struct Kept {
    collections: BTreeMap<String, Vec<Document>>,
    domains: BTreeMap<String, Bound>,
    certificates: BTreeMap<String, Certificate>,
    challenges: BTreeMap<String, Challenge>,
    /// How far HSTS of domains reaches.
    reach: BTreeMap<String, Value>,
    /// The spaces that there are, and whether their websites are open.
    spaces: BTreeMap<String, bool>,
    uploads: Vec<String>,
    no_https: bool,
    fault: Option<Fault>,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

impl Memory {
    /// The documents of a collection.
    pub fn documents(&self, collection: &str) -> Vec<Document> {
        self.0.lock().unwrap().collections.get(collection).cloned().unwrap_or_default()
    }

    /// The names of collections that have documents which are about a space.
    pub fn collections_of(&self, space: &str) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let of_space = |documents: &Vec<Document>| documents.iter().any(|document| document.get_str("space").unwrap() == space);
        kept.collections.iter().filter(|(_, documents)| of_space(documents)).map(|(name, _)| name.clone()).collect()
    }

    /// The hosts that certificates were set for, in their order.
    pub fn uploads(&self) -> Vec<String> {
        self.0.lock().unwrap().uploads.clone()
    }

    /// The hosts that answer handshakes of challenges.
    pub fn challenges(&self) -> Vec<String> {
        self.0.lock().unwrap().challenges.keys().cloned().collect()
    }

    pub fn certificate(&self, host: &str) -> Option<Certificate> {
        self.0.lock().unwrap().certificates.get(host).cloned()
    }

    pub fn without_https(&self) {
        self.0.lock().unwrap().no_https = true;
    }

    /// Has calls of methods fail.
    pub fn on_call(&self, fault: impl Fn(&str) -> Option<Error> + Send + 'static) {
        self.0.lock().unwrap().fault = Some(Box::new(fault));
    }

    /// Has a space, or none; its website is open or not.
    pub fn space(&self, id: &str, open: Option<bool>) {
        let spaces = &mut self.0.lock().unwrap().spaces;
        match open {
            Some(open) => drop(spaces.insert(id.to_owned(), open)),
            None => drop(spaces.remove(id)),
        }
    }

    /// A certificate of a life, as text.
    pub fn chain(not_before: u64, not_after: u64) -> String {
        format!("{not_before} {not_after}")
    }
}

impl Kept {
    fn execute(&mut self, call: &Call) -> Result<Reply> {
        assert_eq!((call.caller.kind, call.space.as_str()), (CallerKind::System, SYSTEM_SPACE));
        let params = json::document(&call.params).unwrap();
        let (command, name) = (params.get_str("command").unwrap(), params.get_str("collection").unwrap());
        let options = params.get_document("options").cloned().unwrap_or_default();
        let query = params.get_document("query").or_else(|_| params.get_document("filter")).cloned().unwrap_or_default();
        let filter = Filter::parse(&query).unwrap();
        let documents = self.collections.entry(name.to_owned()).or_default();
        let (affected, result) = match command {
            "insertOne" => {
                let document = params.get_document("doc").unwrap().clone();
                if documents.iter().any(|other| other.get("_id") == document.get("_id")) {
                    return Err(Error::new(DUPLICATE_KEY, "E11000"));
                }
                documents.push(document);
                (1, "{}".to_owned())
            }
            "findOne" => {
                let found = documents.iter().find(|document| filter.matches(document));
                (1, found.map_or("null".to_owned(), |found| json::to_string(&Bson::Document(found.clone()))))
            }
            "find" => {
                let mut found: Vec<Document> = documents.iter().filter(|document| filter.matches(document)).cloned().collect();
                if let Ok(sort) = options.get_document("sort") {
                    let field = sort.keys().next().unwrap();
                    found.sort_by(|a, b| mql::compare(a.get(field).unwrap(), b.get(field).unwrap()));
                }
                let limit = options.get("limit").and_then(|limit| limit.as_i64().or(limit.as_i32().map(i64::from))).unwrap();
                found.truncate(usize::try_from(limit).unwrap());
                (1, json::to_string(&Bson::Array(found.into_iter().map(Bson::Document).collect())))
            }
            "updateOne" => {
                let update = Update::parse(params.get_document("update").unwrap()).unwrap();
                let found = documents.iter_mut().find(|document| filter.matches(document));
                let upsert = options.get_bool("upsert").unwrap_or_default();
                match found {
                    Some(document) => {
                        update.apply(document).unwrap();
                        (1, "{}".to_owned())
                    }
                    None if upsert => {
                        documents.push(update.upsert(&filter).unwrap());
                        (1, "{}".to_owned())
                    }
                    None => (0, "{}".to_owned()),
                }
            }
            "deleteMany" => {
                let before = documents.len();
                documents.retain(|document| !filter.matches(document));
                (before - documents.len(), "{}".to_owned())
            }
            other => panic!("no command {other}"),
        };
        Ok(Reply::raw(format!(r#"{{"affectedDocs":{affected},"result":{result}}}"#)))
    }

    /// A domain as the core answers it.
    fn known(&self, bound: &Bound) -> Value {
        let mut known = serde_json::to_value(bound).unwrap();
        for (key, value) in self.reach.get(&bound.domain.host).and_then(Value::as_object).into_iter().flatten() {
            known[key] = value.clone();
        }
        known
    }

    fn core(&mut self, call: &Call) -> Result<Reply> {
        match call.method.as_str() {
            domains::PUT => {
                let domain: Domain = call.decode()?;
                let taken = |bound: &&Bound| bound.space != call.space || bound.domain.service != domain.service;
                if self.domains.get(&domain.host).filter(taken).is_some() {
                    return Err(Error::new(DOMAIN_IN_USE, "in use"));
                }
                self.domains.insert(domain.host.clone(), Bound { space: call.space.clone(), domain });
            }
            domains::PUT_HSTS => {
                let params: Value = call.decode()?;
                let bound = self.domains.get_mut(params["host"].as_str().unwrap()).filter(|bound| bound.space == call.space).unwrap();
                bound.domain.hsts = params["maxAge"].as_u64();
                let reach = json_value!({"hstsIncludeSubDomains": params["includeSubDomains"], "hstsPreload": params["preload"]});
                self.reach.insert(bound.domain.host.clone(), reach);
            }
            domains::GET => return Reply::json(&self.domains.get(&host(call)?).map(|bound| self.known(bound))),
            domains::REMOVE => {
                let host = host(call)?;
                if self.domains.get(&host).is_some_and(|bound| bound.space == call.space) {
                    self.domains.remove(&host);
                    self.certificates.remove(&host);
                }
            }
            domains::LIST => {
                let list: List = call.decode()?;
                let of_space = self.domains.values().filter(|bound| call.space.is_empty() || bound.space == call.space);
                let of_service = of_space.filter(|bound| list.service.as_ref().is_none_or(|service| *service == bound.domain.service));
                return Reply::json(&Listed { items: of_service.map(|bound| self.known(bound)).collect::<Vec<_>>(), next: None });
            }
            domains::PUT_CERTIFICATE => {
                let upload: Upload = call.decode()?;
                let certificate = certificate(&upload)?;
                self.uploads.push(upload.host.clone());
                self.certificates.insert(upload.host, certificate.clone());
                return Reply::json(&certificate);
            }
            domains::GET_CERTIFICATE => return Reply::json(&self.certificates.get(&host(call)?)),
            domains::REMOVE_CERTIFICATE => drop(self.certificates.remove(&host(call)?)),
            domains::PUT_CHALLENGE => {
                let challenge: Challenge = call.decode()?;
                self.challenges.insert(challenge.host.clone(), challenge);
            }
            domains::REMOVE_CHALLENGE => drop(self.challenges.remove(&host(call)?)),
            SPACES => {
                let after = call.decode::<Value>()?["after"].as_str().unwrap().to_owned();
                let page: Vec<&String> = self.spaces.keys().filter(|id| **id > after).take(2).collect();
                return Reply::json(&json_value!({"spaces": page}));
            }
            SITE_STATUS => {
                let status = if self.spaces.get(&call.space).is_some_and(|open| *open) { "Opened" } else { "NotOpened" };
                return Reply::json(&json_value!({"Data": {"Status": status}}));
            }
            domains::ENDPOINT => {
                let port = (!self.no_https).then_some(443);
                return Reply::json(&json_value!({"http": "http://cloud.test", "sites": "sites.test:8520", "httpsPort": port}));
            }
            method => panic!("no method {method}"),
        }
        Ok(Reply::raw("null"))
    }
}

fn host(call: &Call) -> Result<String> {
    Ok(call.decode::<Host>()?.host)
}

/// What a chain of [`Memory::chain`] says.
fn certificate(upload: &Upload) -> Result<Certificate> {
    let life = upload.chain.split_once(' ').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let (not_before, not_after) = life.ok_or_else(|| Error::new(INVALID_CERTIFICATE, "no certificate"))?;
    Ok(Certificate {
        host: upload.host.clone(),
        name: upload.name.clone(),
        origin: upload.origin.clone(),
        names: vec![upload.host.clone()],
        issuer: "Test".to_owned(),
        not_before,
        not_after,
        fingerprint: "00000000".to_owned(),
    })
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        tokio::task::yield_now().await;
        let mut kept = self.0.lock().unwrap();
        if let Some(error) = kept.fault.as_ref().and_then(|fault| fault(&call.method)) {
            return Err(error);
        }
        if call.method == EXECUTE { kept.execute(&call) } else { kept.core(&call) }
    }
}
