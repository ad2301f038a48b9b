//! The plugin's table in the TOML file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opendal::layers::{RetryEvent, RetryLayer};
use opendal::{HttpTransporter, OperationContext, Operator};
use sdk_plugin::{Error, Result, codes, config::nearest};
use serde::Deserialize;
use serde_json::Value;

use crate::options::Source;
use crate::services::Service;
use crate::transport::Transport;

/// How often a request is made again that failed for a reason which may pass.
const RETRIES: usize = 4;
/// How long the first pause before that is; each is twice as long as the one before, and varied.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Where objects are kept.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default, try_from = "Table")]
pub struct StorageConfig {
    scheme: String,
    options: BTreeMap<String, Source>,
    ca: Option<PathBuf>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { scheme: "fs".into(), options: BTreeMap::new(), ca: None }
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    /// The OpenDAL service: `fs`, or another that is compiled in. Default: `fs`.
    scheme: String,
    /// The service's own options, such as `root` for `fs` (default: the plugin's data folder).
    /// A folder belongs to one running mpcloud; several nodes share an object store instead.
    options: BTreeMap<String, Value>,
    /// A PEM file of authorities that an object store's certificate may come from, besides the
    /// public ones.
    ca: Option<PathBuf>,
}

impl Default for Table {
    fn default() -> Self {
        Self { scheme: StorageConfig::default().scheme, options: BTreeMap::new(), ca: None }
    }
}

impl TryFrom<Table> for StorageConfig {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let Some(service) = Service::find(&table.scheme) else {
            let schemes: Vec<&str> = Service::schemes().collect();
            let hint = nearest(&table.scheme, schemes.iter().copied()).map_or(String::new(), |name| format!(", did you mean `{name}`?"));
            return Err(format!("unknown storage scheme `{}`{hint} (compiled in: {})", table.scheme, schemes.join(", ")));
        };
        let known = service.options();
        let mut options = BTreeMap::new();
        for (name, value) in table.options {
            if !known.contains(&name.as_str()) {
                let hint = nearest(&name, known.iter().copied()).map_or(String::new(), |name| format!(", did you mean `{name}`?"));
                return Err(format!("unknown option `{name}` of storage scheme `{}`{hint} (known: {})", table.scheme, known.join(", ")));
            }
            let source = Source::try_from(value).map_err(|rule| format!("option `{name}` of storage scheme `{}` {rule}", table.scheme))?;
            options.insert(name, source);
        }
        if table.ca.is_some() && !service.remote {
            return Err(format!("`ca` is for stores that are reached by HTTPS, and `{}` is none", table.scheme));
        }
        Ok(Self { scheme: table.scheme, options, ca: table.ca })
    }
}

impl StorageConfig {
    /// Opens the store. Blocks, as `fs` makes its folders here and secrets may be in files.
    pub(crate) fn operator(self, data_dir: &Path) -> Result<Operator> {
        let scheme = self.scheme;
        let wrong = |e: opendal::Error| Error::new(codes::CONFIG, format!("storage scheme `{scheme}`: {}", e.message())).with_source(e);
        let service = Service::find(&scheme).ok_or_else(|| Error::internal("a scheme that was not checked"))?;
        let mut options = BTreeMap::new();
        for (name, source) in self.options {
            let value = source.value(&name)?;
            options.insert(name, value);
        }
        if !service.remote {
            if matches!(&*scheme, "fs" | "file") {
                let root = data_dir.to_str().ok_or_else(|| Error::new(codes::CONFIG, "the data folder's path is not UTF-8"))?;
                options.entry("root".into()).or_insert_with(|| root.to_owned());
            }
            return service.open(options).map_err(wrong);
        }
        let transport = HttpTransporter::new(Transport::new(self.ca.as_deref())?);
        let retries = RetryLayer::new().with_max_times(RETRIES).with_min_delay(PAUSE).with_max_delay(LONGEST_PAUSE).with_jitter();
        let operator = service.open(options).map_err(wrong)?;
        Ok(operator.with_context(OperationContext::new().with_http_transport(transport)).layer(retries.with_notify(retrying)))
    }
}

fn retrying(event: RetryEvent<'_>) {
    tracing::debug!(operation = ?event.op, attempt = event.attempt, pause = ?event.retry_after, error = %event.err, "the object store is asked again");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::config::decode_strict;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_store_that_does_not_answer_keeps_no_server_from_starting() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let options = json!({"endpoint": endpoint, "region": "r", "bucket": "b", "access_key_id": "k", "secret_access_key": "s"});
        let config = decode_strict::<StorageConfig>(json!({"scheme": "s3", "options": options})).unwrap();
        let operator = config.operator(Path::new("/")).unwrap();
        // The host gives a start a minute.
        tokio::time::timeout(std::time::Duration::from_secs(30), crate::store::Store::open(operator)).await.unwrap().unwrap();
    }

    fn message(table: Value) -> String {
        decode_strict::<StorageConfig>(table).err().unwrap().message().to_owned()
    }

    #[test]
    fn unknown_names_are_errors_that_name_the_known() {
        let unknown = message(json!({"scheme": "s4"}));
        assert!(
            unknown.starts_with("unknown storage scheme `s4`, did you mean `s3`? (compiled in: fs, file, memory, s3, oss, cos"),
            "{unknown}"
        );
        assert!(message(json!({"options": {"rot": "/x"}})).contains("did you mean `root`?"));
        assert!(message(json!({"schema": "fs"})).contains("did you mean `scheme`?"));
        let option = message(json!({"scheme": "s3", "options": {"acces_key_id": "x"}}));
        assert!(option.contains("did you mean `access_key_id`?"), "{option}");
        assert!(message(json!({"scheme": "oss", "options": {"region": "x"}})).contains("unknown option `region`"));
        assert!(message(json!({"options": {"root": ["x"]}})).contains("option `root`"));
        assert!(message(json!({"ca": "/x"})).contains("`ca`"));
    }

    #[test]
    fn what_is_missing_is_named_when_the_store_is_opened() {
        let config = decode_strict::<StorageConfig>(json!({"scheme": "s3", "options": {"region": "r"}})).unwrap();
        let error = config.operator(Path::new("/")).unwrap_err();
        assert!(error.code() == codes::CONFIG && error.message().contains("bucket"), "{error}");
    }

    #[test]
    fn files_go_to_the_data_folder_unless_a_root_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let config = decode_strict::<StorageConfig>(json!({})).unwrap();
        let root = config.operator(dir.path()).unwrap().info().root();
        assert_eq!(Path::new(&root), dir.path().canonicalize().unwrap());
        let other = tempfile::tempdir().unwrap();
        let config = decode_strict::<StorageConfig>(json!({"options": {"root": other.path()}})).unwrap();
        let root = config.operator(dir.path()).unwrap().info().root();
        assert_eq!(Path::new(&root), other.path().canonicalize().unwrap());
    }
}
