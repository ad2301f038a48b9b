//! mpcloud over the signed protocol of the mini-program SDK.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use e2e::{Management, Space, Wire};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::document::Document;
use super::operations::{Operation, PAGE, VARIANTS};
use super::{Cloud, Contender, bytes_in};
use crate::Result;
use crate::load::Target;
use crate::rounds::Turn;

const DB: &str = "serverless.db.default.execute";
const COLLECTION: &str = "documents";
/// How many documents one `insertMany` takes.
const BATCH: usize = 1000;

pub struct Mpcloud {
    wire: Wire,
    management: Management,
    space: Space,
    address: SocketAddr,
    data: PathBuf,
    empty: u64,
    /// The `_id`s of the documents, by number.
    ids: Vec<String>,
    operator: bool,
}

impl Mpcloud {
    /// Makes the indexes. With `operator`, what looks at all documents is asked over the
    /// management API, where a query may take longer than the 3 seconds of a mini program.
    pub async fn prepare(cloud: &Cloud<'_>, operator: bool) -> Result<Self> {
        let (management, space) = (cloud.server.management(), cloud.space.clone());
        let data = cloud.server.data();
        let empty = bytes_in(&data)?;
        let address = cloud.server.address().parse()?;
        let made = Self { wire: cloud.wire.clone(), management, space, address, data, empty, ids: Vec::new(), operator };
        let (management, space) = (made.management.clone(), made.space.clone());
        tokio::task::spawn_blocking(move || {
            for (field, name) in [(json!({"n": 1}), "n_1"), (json!({"location": "2dsphere"}), "location_2dsphere")] {
                let index = json!({"field": field, "options": {"name": name, "unique": false}});
                management.db(&space, COLLECTION, "createIndex", index);
            }
        })
        .await?;
        Ok(made)
    }

    fn id(&self, operation: Operation, variant: u64) -> Result<&str> {
        let number = usize::try_from(operation.number(variant, self.size()))?;
        Ok(self.ids.get(number).ok_or("there are no documents yet")?)
    }

    fn params(&self, operation: Operation, variant: u64) -> Result<Value> {
        let mut params = match operation {
            Operation::InsertOne | Operation::InsertIndexed => json!({"command": "insertOne", "doc": Document::new_mongodb()}),
            Operation::FindOne => json!({"command": "findOne", "query": {"_id": self.id(operation, variant)?}}),
            Operation::FindIndexed => {
                let first = operation.number(variant, self.size());
                let query = json!({"n": {"$gte": first, "$lt": first + PAGE}});
                json!({"command": "find", "query": query, "options": {"sort": {"n": 1}, "limit": PAGE}})
            }
            Operation::Scan => {
                let title = Document(operation.number(variant, self.size())).title();
                json!({"command": "find", "query": {"title": title}, "options": {"limit": PAGE}})
            }
            Operation::UpdateOne => {
                json!({"command": "updateOne", "filter": {"_id": self.id(operation, variant)?}, "update": {"$inc": {"views": 1}}})
            }
            Operation::Group => {
                let group = json!({"_id": "$category", "count": {"$sum": 1}, "total": {"$sum": "$n"}});
                json!({"command": "aggregate", "pipeline": [{"$group": group}]})
            }
            Operation::Near => {
                let place = Operation::place(variant);
                let near = json!({"type": "Point", "coordinates": [place.x(), place.y()]});
                let near = json!({"near": near, "distanceField": "distance", "spherical": true});
                json!({"command": "aggregate", "pipeline": [{"$geoNear": near}, {"$limit": PAGE}]})
            }
        };
        params["collection"] = if operation == Operation::InsertOne { "inserted" } else { COLLECTION }.into();
        if params["options"].is_null() {
            params["options"] = json!({});
        }
        if operation.looks_at_all() {
            params["options"]["maxTimeMS"] = 3000.into();
        }
        Ok(params)
    }

    fn target(&self, operation: Operation) -> Result<Target> {
        let requests: Result<Vec<_>> = (0..VARIANTS).map(|variant| Ok(self.wire.request(DB, &self.params(operation, variant)?))).collect();
        let proof = match operation {
            Operation::InsertOne | Operation::InsertIndexed => r#""insertedId""#,
            Operation::FindOne | Operation::Scan => r#""affectedDocs":1,"#,
            Operation::FindIndexed | Operation::Near => r#""affectedDocs":20,"#,
            Operation::UpdateOne => r#""nModified":1"#,
            Operation::Group => r#""total":"#,
        };
        Target::signed(self.name(), self.address, &self.wire, &requests?, proof)
    }

    /// Whether an operation goes over the management API.
    fn managed(&self, operation: Operation) -> bool {
        self.operator && matches!(operation, Operation::Scan | Operation::Group)
    }

    /// Asks over the management API, one after another.
    async fn manage(&self, operation: Operation, first: u64, turn: Turn) -> Result<(Value, f64)> {
        let mut commands = Vec::new();
        for variant in first..first + VARIANTS {
            let mut params = self.params(operation, variant)?;
            params["options"].as_object_mut().map(|options| options.remove("maxTimeMS"));
            commands.push(params);
        }
        let (management, space) = (self.management.clone(), self.space.clone());
        let work = move || {
            let (begun, mut done, mut answer) = (Instant::now(), 0, Value::Null);
            for params in commands.into_iter().cycle() {
                if turn.is_over(begun, done) {
                    break;
                }
                let command = params["command"].as_str().unwrap_or_default().to_owned();
                (_, answer) = management.db(&space, COLLECTION, &command, params);
                done += 1;
            }
            (answer, f64::from(done) / begun.elapsed().as_secs_f64())
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}

impl Contender for Mpcloud {
    fn name(&self) -> &'static str {
        "mpcloud, signed"
    }

    fn size(&self) -> u64 {
        self.ids.len() as u64
    }

    fn load(&mut self, documents: Range<u64>) -> BoxFuture<'_, Result> {
        Box::pin(async move {
            let wire = self.wire.clone();
            let ids = tokio::task::spawn_blocking(move || {
                let (mut ids, mut documents) = (Vec::new(), documents.peekable());
                while documents.peek().is_some() {
                    let batch: Vec<Value> = documents.by_ref().take(BATCH).map(|n| Document(n).mongodb()).collect();
                    let size = batch.len();
                    let data =
                        wire.call(DB, json!({"collection": COLLECTION, "command": "insertMany", "docs": batch, "options": {}})).data();
                    for place in 0..size {
                        ids.push(data["result"][place.to_string()].as_str().map(str::to_owned)?);
                    }
                }
                Some(ids)
            });
            self.ids.extend(ids.await?.ok_or("insertMany answers no `_id`s")?);
            Ok(())
        })
    }

    fn ask(&self, operation: Operation, variant: u64) -> BoxFuture<'_, Result<Vec<Value>>> {
        Box::pin(async move {
            let result = if self.managed(operation) {
                self.manage(operation, variant, Turn { times: 1, ..Turn::new(1, std::time::Duration::MAX) }).await?.0
            } else {
                let body = self.target(operation)?.ask(usize::try_from(variant)?).await?;
                serde_json::from_slice::<Value>(&body)?["data"]["result"].take()
            };
            Ok(match result {
                Value::Array(all) => all,
                one => vec![one],
            })
        })
    }

    fn measure(&self, operation: Operation, turn: Turn) -> BoxFuture<'_, Result<f64>> {
        Box::pin(async move {
            if self.managed(operation) {
                return Ok(self.manage(operation, 0, turn).await?.1);
            }
            self.target(operation)?.measure(turn).await
        })
    }

    fn bytes(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async { Ok(bytes_in(&self.data)?.saturating_sub(self.empty)) })
    }
}
