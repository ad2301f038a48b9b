//! Parse Server from npm on PostgreSQL, over its REST API, in the form in which its own SDK asks:
//! a POST whose body names the method.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Contender;
use super::document::{Document, NEW};
use super::operations::{Operation, PAGE, VARIANTS};
use super::postgres::{Postgres, secret};
use crate::Result;
use crate::bare_hyper::Process;
use crate::load::{Target, post};
use crate::rounds::Turn;

const MANIFEST: &str = include_str!("../../parse/package.json");
const LOCK: &str = include_str!("../../parse/package-lock.json");
const APPLICATION: &str = "bench";
const CLASS: &str = "Document";
/// Where documents go that are inserted without further indexes.
const INSERTED: &str = "Inserted";
const COPY: &str =
    r#"COPY "Document" ("objectId", "createdAt", "updatedAt", title, text, n, category, views, done, tags, location) FROM STDIN"#;

pub struct Parse {
    // Ends before what it needs.
    server: Process,
    postgres: Arc<Postgres>,
    master_key: String,
    size: u64,
    _folder: TempDir,
}

impl Parse {
    /// Installs it where it is not there yet, starts it on a new database, and makes its classes.
    pub async fn start() -> Result<Self> {
        let this = tokio::task::spawn_blocking(|| {
            let folder = tempfile::Builder::new().prefix("bench-parse-").tempdir()?;
            let (postgres, master_key) = (Postgres::start()?, secret()?);
            let server = serve(&install()?, folder.path(), &postgres, &master_key)?;
            Ok::<_, crate::Failure>(Self { server, postgres: Arc::new(postgres), master_key, size: 0, _folder: folder })
        })
        .await??;
        this.wait().await?;
        // The index is one that its API makes. The distance functions that it searches with can use none.
        this.define(INSERTED, &json!({})).await?;
        this.define(CLASS, &json!({"n_1": {"n": 1}})).await?;
        Ok(this)
    }

    async fn wait(&self) -> Result {
        let deadline = Instant::now() + Duration::from_secs(60);
        let request = self.request("/health", &json!({"_method": "GET"}), false)?;
        let health = Target::new("Parse Server", self.server.address, vec![request], "ok");
        while let Err(e) = health.ask(0).await {
            if Instant::now() > deadline {
                return Err(format!("Parse Server does not start: {e}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn define(&self, class: &str, indexes: &Value) -> Result {
        let types = json!({
            "title": {"type": "String"}, "text": {"type": "String"}, "n": {"type": "Number"}, "category": {"type": "String"},
            "views": {"type": "Number"}, "done": {"type": "Boolean"}, "tags": {"type": "Array"}, "location": {"type": "GeoPoint"},
        });
        let mut schema = json!({"className": class, "fields": types});
        if indexes.as_object().is_some_and(|indexes| !indexes.is_empty()) {
            schema["indexes"] = indexes.clone();
        }
        let request = self.request(&format!("/schemas/{class}"), &schema, true)?;
        Target::new("Parse Server", self.server.address, vec![request], "className").ask(0).await?;
        Ok(())
    }

    fn request(&self, path: &str, body: &Value, as_master: bool) -> Result<Request<Full<Bytes>>> {
        let mut request = post(self.server.address, &format!("/parse{path}"), body)?;
        request.headers_mut().insert("x-parse-application-id", HeaderValue::from_static(APPLICATION));
        if as_master {
            request.headers_mut().insert("x-parse-master-key", HeaderValue::from_str(&self.master_key)?);
        }
        Ok(request)
    }

    fn ask_for(&self, operation: Operation, variant: u64) -> Result<Request<Full<Bytes>>> {
        let number = operation.number(variant, self.size);
        let (class, object) = (format!("/classes/{CLASS}"), format!("/classes/{CLASS}/{}", id(number)));
        let point = |at: geo::Point| json!({"__type": "GeoPoint", "longitude": at.x(), "latitude": at.y()});
        match operation {
            Operation::InsertOne | Operation::InsertIndexed => {
                let mut document = Document::new_mongodb();
                document["location"] = point(geo::Point::new(0.0, 0.0));
                document["category"] = NEW.into();
                let class = if operation == Operation::InsertOne { format!("/classes/{INSERTED}") } else { class };
                self.request(&class, &document, false)
            }
            Operation::FindOne => self.request(&object, &json!({"_method": "GET"}), false),
            Operation::FindIndexed => {
                let query = json!({"n": {"$gte": number, "$lt": number + PAGE}});
                self.request(&class, &json!({"_method": "GET", "where": query, "order": "n", "limit": PAGE}), false)
            }
            Operation::Scan => {
                let query = json!({"title": Document(number).title()});
                self.request(&class, &json!({"_method": "GET", "where": query, "limit": PAGE}), false)
            }
            Operation::UpdateOne => self.request(&object, &json!({"_method": "PUT", "views": {"__op": "Increment", "amount": 1}}), false),
            // Only a master may aggregate.
            Operation::Group => {
                let group = json!({"_id": "$category", "count": {"$sum": 1}, "total": {"$sum": "$n"}});
                self.request(&format!("/aggregate/{CLASS}"), &json!({"_method": "GET", "pipeline": [{"$group": group}]}), true)
            }
            Operation::Near => {
                let query = json!({"location": {"$nearSphere": point(Operation::place(variant))}});
                self.request(&class, &json!({"_method": "GET", "where": query, "limit": PAGE}), false)
            }
        }
    }

    fn target(&self, operation: Operation) -> Result<Target> {
        let requests: Result<Vec<_>> = (0..VARIANTS).map(|variant| self.ask_for(operation, variant)).collect();
        let proof = match operation {
            Operation::UpdateOne => r#""updatedAt""#,
            Operation::Group => r#""total""#,
            _ => r#""objectId""#,
        };
        Ok(Target::new(self.name(), self.server.address, requests?, proof))
    }
}

/// The `objectId` of a document.
fn id(number: u64) -> String {
    format!("{number:010}")
}

fn line(number: u64) -> String {
    const WHEN: &str = "2026-01-01 00:00:00+00";
    let document = Document(number);
    let (title, text, category, at) = (document.title(), Document::text(), document.category(), document.place());
    let id = id(number);
    format!("{id}\t{WHEN}\t{WHEN}\t{title}\t{text}\t{number}\t{category}\t0\tf\t[\"a\", \"b\"]\t({},{})", at.x(), at.y())
}

fn install() -> Result<PathBuf> {
    let folder = e2e::mpcloud_path().parent().ok_or("mpcloud is in no folder")?.join("bench-parse");
    let program = folder.join("node_modules/parse-server/bin/parse-server");
    let installed = folder.join("installed-lock.json");
    if program.exists() && fs::read_to_string(&installed).is_ok_and(|lock| lock == LOCK) {
        return Ok(program);
    }
    println!("installing Parse Server");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), MANIFEST)?;
    fs::write(folder.join("package-lock.json"), LOCK)?;
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    if !Command::new("npm").args(npm).current_dir(&folder).status()?.success() {
        return Err("npm cannot install Parse Server".into());
    }
    fs::write(installed, LOCK)?;
    Ok(program)
}

fn serve(program: &Path, folder: &Path, postgres: &Postgres, master_key: &str) -> Result<Process> {
    // Free now; Parse Server cannot say which port it picked by itself.
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = json!({
        "appId": APPLICATION, "masterKey": master_key, "databaseURI": postgres.uri(),
        "serverURL": format!("http://{address}/parse"), "host": "127.0.0.1", "port": address.port(),
        "silent": true, "logsFolder": null, "allowClientClassCreation": false,
    });
    fs::write(folder.join("config.json"), config.to_string())?;
    let mut node = Command::new("node");
    node.arg(program).arg("config.json").current_dir(folder).env("NODE_ENV", "production");
    let log = fs::File::create(folder.join("log"))?;
    let child = node.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().map_err(|e| format!("node: {e}"))?;
    Ok(Process::new(child, address))
}

impl Contender for Parse {
    fn name(&self) -> &'static str {
        "Parse Server on PostgreSQL"
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn load(&mut self, documents: Range<u64>) -> BoxFuture<'_, Result> {
        Box::pin(async move {
            self.size = documents.end;
            let postgres = self.postgres.clone();
            tokio::task::spawn_blocking(move || {
                postgres.copy(COPY, documents.map(line))?;
                postgres.sql(r#"VACUUM (ANALYZE) "Document""#)
            })
            .await??;
            Ok(())
        })
    }

    fn ask(&self, operation: Operation, variant: u64) -> BoxFuture<'_, Result<Vec<Value>>> {
        Box::pin(async move {
            let body = self.target(operation)?.ask(usize::try_from(variant)?).await?;
            let mut answer: Value = serde_json::from_slice(&body)?;
            Ok(match answer["results"].take() {
                Value::Array(all) => all,
                _ => vec![answer],
            })
        })
    }

    fn measure(&self, operation: Operation, turn: Turn) -> BoxFuture<'_, Result<f64>> {
        Box::pin(async move { self.target(operation)?.measure(turn).await })
    }

    fn bytes(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async {
            let postgres = self.postgres.clone();
            let bytes = tokio::task::spawn_blocking(move || postgres.sql(r#"SELECT pg_total_relation_size('"Document"')"#)).await??;
            Ok(bytes.parse()?)
        })
    }
}
