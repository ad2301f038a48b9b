//! What the tests have instead of a host: a database and plugins in memory, behind the same calls.
//! Filters and updates are `mql`'s own; the real ones are behind them in `tests/`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bson::{Bson, Document};
use mql::{Filter, Update, json};
use sdk_plugin::contract::cloudcall::{Description, METHODS, Prefix};
use sdk_plugin::contract::db::{DUPLICATE_KEY, EXECUTE};
use sdk_plugin::contract::platforms::{ALIPAY, App, DINGTALK, WECHAT};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, CallerKind, Error, Reply, Result, codes};
use serde_json::{Value, json as json_value};

use crate::config::Config;
use crate::manage::{OPEN_SITE, SITE_STATUS};
use crate::service::Service;

const COLLECTION: &str = "platformApps";

type Check = Box<dyn Fn(&App) -> Result<()> + Send>;
type Meddle = Box<dyn FnOnce(&mut Vec<Document>) + Send>;

struct Adapter {
    description: Value,
    check: Check,
}

#[derive(Default)]
struct Kept {
    collections: BTreeMap<String, Vec<Document>>,
    adapters: BTreeMap<String, Adapter>,
    /// Methods of other plugins.
    others: Vec<String>,
    /// The space whose website is open.
    site: String,
    /// What happens right before a record is updated.
    before_update: Option<Meddle>,
}

/// The calls of a host. Clones share what they keep.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

impl Memory {
    /// One with the three adapters of mpcloud, as far as it matters here.
    pub fn with_platforms() -> Self {
        let memory = Self::default();
        let alipay = [
            ("privateKey", true),
            ("publicKey", false),
            ("signMode", false),
            ("appCert", false),
            ("publicCert", false),
            ("rootCert", false),
            ("appAuthToken", true),
            ("sellerId", false),
        ];
        memory.adapter("alipay", ALIPAY, &alipay, &["payment.common.create"], |app| {
            let needs = if app.setting("signMode") == Some("cert") { "rootCert" } else { "publicKey" };
            for name in ["privateKey", needs] {
                if app.setting(name).is_none() {
                    return Err(Error::new(codes::CONFIG, format!("Alipay: the app has no setting {name}")));
                }
            }
            Ok(())
        });
        memory.adapter("wechat", WECHAT, &[("appSecret", true), ("mchId", false)], &["payment.common.create"], |_| Ok(()));
        memory.adapter("dingtalk", DINGTALK, &[("appSecret", true), ("flavour", false)], &[], |_| Ok(()));
        memory
    }

    /// Installs an adapter.
    pub fn adapter(
        &self,
        name: &str,
        platform: &str,
        settings: &[(&str, bool)],
        apis: &[&str],
        check: impl Fn(&App) -> Result<()> + Send + 'static,
    ) {
        let settings: Vec<Value> = settings
            .iter()
            .map(|(name, secret)| json_value!({"name": name, "about": format!("About {name}."), "secret": secret}))
            .collect();
        let apis: Vec<Value> = apis.iter().map(|name| json_value!({"name": name, "params": [], "effect": "none"})).collect();
        let description = json_value!({"platform": platform, "apis": apis, "settings": settings});
        serde_json::from_value::<Description>(description.clone()).unwrap();
        self.0.lock().unwrap().adapters.insert(name.to_owned(), Adapter { description, check: Box::new(check) });
    }

    /// Takes an adapter away.
    pub fn remove_adapter(&self, name: &str) {
        self.0.lock().unwrap().adapters.remove(name);
    }

    /// Has another plugin's method.
    pub fn provide(&self, method: &str) {
        self.0.lock().unwrap().others.push(method.to_owned());
    }

    /// Does something to the records before the next update.
    pub fn before_update(&self, what: impl FnOnce(&mut Vec<Document>) + Send + 'static) {
        self.0.lock().unwrap().before_update = Some(Box::new(what));
    }

    /// All that the database holds, as text.
    pub fn records(&self) -> String {
        self.documents().into_iter().map(|document| json::to_string(&Bson::Document(document))).collect()
    }

    /// The records of apps.
    pub fn documents(&self) -> Vec<Document> {
        self.0.lock().unwrap().collections.get(COLLECTION).cloned().unwrap_or_default()
    }

    /// Has these records of apps.
    pub fn put_documents(&self, documents: Vec<Document>) {
        self.0.lock().unwrap().collections.insert(COLLECTION.to_owned(), documents);
    }

    /// A service on it.
    pub fn service(&self) -> Service<Self> {
        self.service_with(Config::default())
    }

    /// A service on it with a configuration.
    pub fn service_with(&self, config: Config) -> Service<Self> {
        Service::new(config, self.clone(), &[7; 32]).unwrap()
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
                found.sort_by(|a, b| mql::compare(a.get("_id").unwrap(), b.get("_id").unwrap()));
                let limit = options.get("limit").and_then(|limit| limit.as_i64().or(limit.as_i32().map(i64::from))).unwrap();
                found.truncate(usize::try_from(limit).unwrap());
                (1, json::to_string(&Bson::Array(found.into_iter().map(Bson::Document).collect())))
            }
            "count" => (1, documents.iter().filter(|document| filter.matches(document)).count().to_string()),
            "updateOne" => {
                if let Some(what) = self.before_update.take() {
                    what(documents);
                }
                let update = Update::parse(params.get_document("update").unwrap()).unwrap();
                match documents.iter_mut().find(|document| filter.matches(document)) {
                    Some(document) => {
                        update.apply(document).unwrap();
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

    fn other(&mut self, call: &Call) -> Result<Reply> {
        match call.method.as_str() {
            METHODS => {
                let prefix = call.decode::<Prefix>()?.prefix;
                let adapters = self
                    .adapters
                    .keys()
                    .flat_map(|name| ["call", "check", "describe"].map(|end| format!("cloudcall.adapter.{name}.{end}")));
                let methods: Vec<String> = adapters.chain(self.others.iter().cloned()).filter(|name| name.starts_with(&prefix)).collect();
                Reply::json(&json_value!({"methods": methods}))
            }
            SITE_STATUS => {
                let status = if self.site == call.space { "Opened" } else { "NotOpened" };
                Reply::json(&json_value!({"Data": {"SpaceId": call.space, "Status": status}}))
            }
            OPEN_SITE => {
                self.site.clone_from(&call.space);
                Reply::json(&json_value!({"Data": true}))
            }
            method => {
                let (adapter, end) = method.strip_prefix("cloudcall.adapter.").unwrap().rsplit_once('.').unwrap();
                let adapter = self.adapters.get(adapter).unwrap();
                match end {
                    "describe" => Reply::json(&adapter.description),
                    "check" => (adapter.check)(&call.decode()?).map(|()| Reply::raw("{}")),
                    end => panic!("no method {end}"),
                }
            }
        }
    }
}

impl Calls for Memory {
    async fn make(&self, call: Call) -> Result<Reply> {
        let mut kept = self.0.lock().unwrap();
        if call.method == EXECUTE { kept.execute(&call) } else { kept.other(&call) }
    }
}
