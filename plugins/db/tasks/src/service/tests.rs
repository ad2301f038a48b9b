//! From an action to its end, over a database and a storage in memory.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bson::{Document, doc};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sdk_plugin::contract::SYSTEM_SPACE;
use sdk_plugin::{Body, Caller, HttpRequest, HttpResponse, codes};
use serde_json::{Value, json};

use super::*;
use crate::backup;
use crate::calendar::now;
use crate::record::unfinished;
use crate::tasks::{KEPT, LAPSE};
use crate::testing::Memory;

const SPACE: &str = "s";
const BOUNDARY: &str = "boundary-of-the-form";

struct Cloud {
    memory: Memory,
    service: Arc<Service<Memory>>,
}

fn params<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it ends in time")
}

/// A form as curl would post it.
fn form(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: application/octet-stream";
    body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

impl Cloud {
    fn with(config: Config) -> Self {
        let memory = Memory::default();
        let service = Service::new(config, memory.clone(), b"secret".to_vec());
        Self { memory, service }
    }

    fn new() -> Self {
        let cloud = Self::with(Config { max_import_bytes: 20_000, ..Config::default() });
        let documents = (0..20).map(|n| doc! {"_id": n, "phone": format!("p{n}"), "address": {"city": "A"}}).collect();
        let index = doc! {"key": {"phone": 1, "_id": -1}, "name": "phone_1__id_-1", "unique": true};
        cloud.memory.fill(SPACE, "users", documents, vec![index]);
        cloud.memory.fill(SPACE, "empty", vec![], vec![]);
        cloud
    }

    /// Another instance over the same database and storage.
    fn another(&self) -> Self {
        let service = Service::new(self.service.config.clone(), self.memory.clone(), b"secret".to_vec());
        Self { memory: self.memory.clone(), service }
    }

    async fn http(&self, method: Method, uri: &str, content_type: &str, body: Body) -> HttpResponse {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_str(content_type).unwrap());
        let request = HttpRequest {
            method,
            uri: uri.to_owned(),
            host: "cloud.test".to_owned(),
            space: String::new(),
            secure: false,
            headers,
            body,
            caller: Caller::default(),
            request_id: String::new(),
        };
        within(self.service.transfer(request)).await
    }

    async fn post(&self, body: Vec<u8>) -> (StatusCode, Value) {
        let response = self.http(Method::POST, "/db/import", &format!("multipart/form-data; boundary={BOUNDARY}"), Body::full(body)).await;
        let text = response.body.collect(100_000).await.unwrap();
        (response.status, serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Creates an import and uploads its file; gives the task.
    async fn import(&self, file_type: &str, mode: &str, file: &[u8]) -> (String, StatusCode, Value) {
        let created = json!({"Collection": "users", "FileType": file_type, "Mode": mode});
        let created = self.service.create_import(SPACE, params(created)).await.unwrap();
        let text = |key: &str| created[key].as_str().unwrap().to_owned();
        assert_eq!(text("Host"), "http://cloud.test/db/import");
        let (key, policy, signature) = (text("FileKey"), text("Policy"), text("Signature"));
        let fields = [("key", &*key), ("policy", &*policy), ("OSSAccessKeyId", "mpcloud"), ("Signature", &*signature)];
        let (status, answer) = self.post(form(&fields, file)).await;
        (text("TaskId"), status, answer)
    }

    async fn task(&self, id: &str) -> Task {
        self.service.tasks.get(SPACE, id).await.unwrap()
    }

    /// The task once it has ended.
    async fn ended(&self, id: &str) -> Task {
        within(async {
            loop {
                let task = self.task(id).await;
                if matches!(task.status, Status::Success | Status::Failed) {
                    return task;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    async fn export(&self, query: Value) -> Value {
        let id = self.service.create_export(SPACE, params(query)).await.unwrap()["TaskId"].as_str().unwrap().to_owned();
        self.ended(&id).await;
        self.service.query_export(SPACE, params(json!({"TaskId": id}))).await.unwrap()
    }

    async fn backup(&self) -> String {
        let created = self.service.create_backup(SPACE).await.unwrap();
        let task = self.ended(created["TaskId"].as_str().unwrap()).await;
        assert_eq!((task.status, task.percent), (Status::Success, Some(100)), "{}", task.message);
        created["BackupId"].as_str().unwrap().to_owned()
    }

    async fn restore(&self, backup: &str, from: &str, to: &str) -> Result<Task> {
        let query = json!({"BackupId": backup, "OriginCollections": from, "NewCollections": to});
        let id = self.service.create_restore(SPACE, params(query)).await?["TaskId"].as_str().unwrap().to_owned();
        Ok(self.ended(&id).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_downloaded_by_its_address_only() {
    let cloud = Cloud::new();
    let done = cloud.export(json!({"Collection": "users", "FileType": "json"})).await;
    assert_eq!((&done["Status"], &done["ExportedCount"], &done["Percent"]), (&json!("SUCCESS"), &json!("20"), &json!(100)), "{done}");
    let url = done["DownloadUrl"].as_str().unwrap().strip_prefix("http://cloud.test").unwrap().to_owned();
    let response = cloud.http(Method::GET, &url, "", Body::empty()).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.headers["content-disposition"], "attachment; filename*=UTF-8''users.json");
    let text = String::from_utf8(response.body.collect(100_000).await.unwrap().to_vec()).unwrap();
    assert_eq!(text.lines().count(), 20);
    assert_eq!(text.lines().nth(3), Some(r#"{"_id":3,"phone":"p3","address":{"city":"A"}}"#));

    let forged = cloud.http(Method::GET, &url.replace("signature=", "signature=00"), "", Body::empty()).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let other = cloud.http(Method::PUT, &url, "", Body::empty()).await;
    assert_eq!(other.status, StatusCode::METHOD_NOT_ALLOWED);

    let csv = cloud.export(json!({"Collection": "users", "FileType": "CSV", "Fields": "phone,address.city"})).await;
    let url = csv["DownloadUrl"].as_str().unwrap().strip_prefix("http://cloud.test").unwrap().to_owned();
    let text = cloud.http(Method::GET, &url, "", Body::empty()).await.body.collect(100_000).await.unwrap();
    assert!(text.starts_with(b"phone,address.city\r\np0,A\r\n"), "{text:?}");
    for (query, code) in [
        (json!({"Collection": "nothing", "FileType": "JSON"}), "InvalidCollection.NotFound"),
        (json!({"FileType": "JSON"}), "MissingParameter"),
        (json!({"Collection": "users"}), "MissingParameter"),
        (json!({"Collection": "users", "FileType": "XML"}), "InvalidParameter"),
        (json!({"Collection": "users", "FileType": "CSV"}), "MissingParameter"),
    ] {
        assert_eq!(cloud.service.create_export(SPACE, params(query.clone())).await.unwrap_err().code(), code, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_begins_with_its_upload() {
    let cloud = Cloud::new();
    let file = b"{\"_id\":1,\"phone\":\"new\"}\n{\"phone\":\"other\"}\n";
    let (id, status, answer) = cloud.import("JSON", "INSERT", file).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    cloud.ended(&id).await;
    let done = cloud.service.query_import(SPACE, params(json!({"TaskId": id}))).await.unwrap();
    assert_eq!(done, json!({"Status": "SUCCESS", "SuccessCount": "1", "FailedCount": "1", "DetailMessage": "", "Percent": 100}));
    assert_eq!(cloud.memory.collection(SPACE, "users").unwrap().documents.len(), 21);
    assert!(cloud.memory.keys().is_empty(), "the file is not kept: {:?}", cloud.memory.keys());

    let (id, _, _) = cloud.import("JSON", "UPSERT", b"{\"_id\":1,\"phone\":\"p2\"}").await;
    let failed = cloud.ended(&id).await;
    assert!(failed.message.starts_with("DUPLICATE_KEY_ERROR: line 1: E11000"), "{}", failed.message);
    let (id, _, _) = cloud.import("CSV", "", b"_id,phone\n30,x\n31\n").await;
    let failed = cloud.ended(&id).await;
    assert_eq!((failed.status, failed.succeeded), (Status::Failed, 1));
    assert!(failed.message.starts_with("INVALID_FILE_FORMAT: line 3: "), "{}", failed.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_bounded_signed_and_made_once() {
    let cloud = Cloud::new();
    for size in [20_001, 200_000] {
        let (id, status, answer) = cloud.import("JSON", "INSERT", &vec![b' '; size]).await;
        assert_eq!((status, &answer["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("EntityTooLarge")), "{size}");
        assert_eq!(cloud.task(&id).await.status, Status::New);
    }
    let (id, status, _) = cloud.import("JSON", "INSERT", &vec![b' '; 20_000]).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "as large as it may be");
    assert_eq!(cloud.ended(&id).await.status, Status::Success);

    let created = json!({"Collection": "users", "FileType": "JSON"});
    let created = cloud.service.create_import(SPACE, params(created)).await.unwrap();
    let text = |key: &str| created[key].as_str().unwrap().to_owned();
    let (key, policy, signature, id) = (text("FileKey"), text("Policy"), text("Signature"), text("TaskId"));
    let good = [("key", &*key), ("policy", &*policy), ("Signature", &*signature)];
    for fields in [vec![], vec![good[0], good[1]], vec![("key", "other"), good[1], good[2]], vec![good[0], good[1], ("Signature", "AA==")]]
    {
        let (status, answer) = cloud.post(form(&fields, b"{}")).await;
        assert_eq!((status, &answer["code"]), (StatusCode::FORBIDDEN, &json!(codes::SIGNATURE)), "{fields:?}");
    }
    let whole = form(&good, b"{\"_id\":99,\"phone\":\"x\"}");
    let (status, answer) = cloud.post(whole[..whole.len() - 30].to_vec()).await;
    assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("MalformedPOSTRequest")), "cut off");
    assert_eq!(cloud.task(&id).await.status, Status::New, "it can be tried again");
    let plain = cloud.http(Method::POST, "/db/import", "text/plain", Body::full("x")).await;
    assert_eq!(plain.status, StatusCode::BAD_REQUEST);

    assert_eq!(cloud.post(whole.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(cloud.ended(&id).await.status, Status::Success);
    assert_eq!(cloud.post(whole).await.0, StatusCode::CONFLICT, "a second file");
    assert!(cloud.memory.keys().is_empty(), "{:?}", cloud.memory.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_into_new_names_with_its_indexes() {
    let cloud = Cloud::new();
    let id = cloud.backup().await;
    let listed = cloud.service.list_backups(SPACE).await.unwrap();
    assert_eq!(listed["BackupDumpTimes"][0]["BackupId"], id);
    assert!(listed["BackupDumpTimes"][0]["DumpTime"].as_str().unwrap().ends_with('Z'), "{listed}");
    let names = cloud.service.list_backup_collections(SPACE, params(json!({"BackupId": id}))).await.unwrap();
    assert_eq!(names, json!({"Collections": ["empty", "users"]}));

    let before = cloud.memory.collection(SPACE, "users").unwrap();
    cloud.memory.fill(SPACE, "users", vec![], vec![]);
    let task = cloud.restore(&id, "users,empty", "users_bak,empty_bak").await.unwrap();
    assert_eq!((task.status, task.succeeded, task.failed), (Status::Success, 20, 0), "{}", task.message);
    let after = cloud.memory.collection(SPACE, "users_bak").unwrap();
    assert_eq!(after.documents, before.documents);
    let order = |index: &Document| index.get_document("key").unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(after.indexes.iter().map(order).collect::<Vec<_>>(), [["phone", "_id"]]);
    assert_eq!(cloud.memory.names(SPACE), ["empty", "empty_bak", "users", "users_bak"]);

    for (backup, from, to, code) in [
        (&*id, "users", "users_bak", "InvalidCollection.AlreadyExists"),
        (&*id, "users", "a$b", "InvalidParameter"),
        (&*id, "nothing", "x", "InvalidCollection.NotFound"),
        ("20200101000000_x", "users", "x", "InvalidBackup.NotFound"),
        ("../x", "users", "x", "InvalidBackup.NotFound"),
        ("", "users", "x", "MissingParameter"),
    ] {
        assert_eq!(cloud.restore(backup, from, to).await.unwrap_err().code(), code, "{backup} {from} {to}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_fails_leaves_nothing() {
    let cloud = Cloud::new();
    let id = cloud.backup().await;
    let names = cloud.memory.names(SPACE);
    // Somebody makes the second collection while the restore is at work.
    let memory = cloud.memory.clone();
    cloud.memory.on_call(move |command, name| {
        if command == "renameCollection" && name.ends_with("_1") {
            return Some(Error::new(sdk_plugin::contract::db::operations::NAMESPACE_EXISTS, "target namespace exists"));
        }
        let _ = &memory;
        None
    });
    let task = cloud.restore(&id, "users,empty", "a,b").await.unwrap();
    assert_eq!(task.message, "COLLECTION_EXISTS: the collection `b` exists already");
    assert_eq!(cloud.memory.names(SPACE), names);

    cloud.memory.on_call(|_, _| None);
    let key = cloud.memory.keys().into_iter().find(|key| key.ends_with("1.bson.gz")).unwrap();
    let whole = cloud.memory.object(&key).unwrap();
    for broken in [whole.slice(..whole.len() / 2), whole.slice(..whole.len() - 4), bytes::Bytes::from_static(b"no gzip")] {
        cloud.memory.put_object(&key, broken);
        let task = cloud.restore(&id, "empty,users", "a,b").await.unwrap();
        assert_eq!(task.message, "INTERNAL_ERROR: internal error");
        assert_eq!(cloud.memory.names(SPACE), names);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_is_none() {
    let cloud = Cloud::new();
    cloud.memory.on_call(|command, name| (command == "dump" && name == "users").then(|| Error::internal("the disk is gone")));
    let created = cloud.service.create_backup(SPACE).await.unwrap();
    let task = cloud.ended(created["TaskId"].as_str().unwrap()).await;
    assert_eq!((task.status, &*task.message), (Status::Failed, "INTERNAL_ERROR: internal error"));
    assert_eq!(cloud.service.list_backups(SPACE).await.unwrap(), json!({"BackupDumpTimes": []}));
    assert!(cloud.memory.keys().is_empty(), "{:?}", cloud.memory.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_space_is_backed_up_once_a_night() {
    let cloud = Cloud::with(Config { time_zone: Some(chrono_tz::Tz::UTC), ..Config::default() });
    for space in ["a", "b", "c"] {
        cloud.memory.fill(space, "x", vec![doc! {"_id": 1}], vec![]);
    }
    let backups = async |space: &str| cloud.service.backups(space).list().await.unwrap().len();
    const DAY: u64 = 24 * 3600 * 1000;
    cloud.service.make_nightly(now() - DAY).await.unwrap();
    assert_eq!(backups("a").await, 0, "nothing was missed before the first start");
    cloud.memory.on_call(|command, _| (command == "dump").then(|| Error::internal("the disk is gone")));
    cloud.service.make_nightly(now()).await.unwrap();
    cloud.memory.on_call(|_, _| None);
    cloud.service.make_nightly(now()).await.unwrap();
    assert_eq!(backups("a").await, 0, "a quarter of an hour later, not at once");
    // As if the quarter had passed.
    let night = sdk_plugin::contract::db::Collection::new(cloud.memory.clone(), SYSTEM_SPACE, "db_schedules");
    night.update(json!({"_id": "nightly"}), json!({"$set": {"until": 0}})).await.unwrap();
    let (one, other) = (cloud.another(), cloud.another());
    let (first, second) = tokio::join!(one.service.make_nightly(now()), other.service.make_nightly(now()));
    first.and(second).unwrap();
    cloud.service.make_nightly(now()).await.unwrap();
    for space in ["a", "b", "c"] {
        assert_eq!(backups(space).await, 1, "{space}: one node made it, once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_backups_and_what_was_never_complete_are_removed() {
    let cloud = Cloud::new();
    let id = cloud.backup().await;
    let begun = backup::begun(&id).unwrap();
    cloud.memory.put_object("db-backups/s/data/20200101000000_gone/0.bson.gz", "x");
    cloud.memory.put_object("db-backups/s/data/20200101000000_gone/1.bson.gz", "x");
    let being_made = cloud.service.tasks.make(SPACE, Work::Backup { backup_id: String::new() }, Status::Waiting);
    cloud.service.tasks.insert(&being_made).await.unwrap();
    let made = format!("db-backups/s/data/20200102000000_{}/0.bson.gz", being_made.id);
    cloud.memory.put_object(&made, "x");

    const WEEK: u64 = 7 * 24 * 3600 * 1000;
    cloud.service.prune(SPACE, begun + WEEK - 1).await.unwrap();
    let left = |part: &str| cloud.memory.keys().iter().filter(|key| key.contains(part)).count();
    assert_eq!((left(&id), left("_gone/"), left(&being_made.id)), (3, 0, 1), "{:?}", cloud.memory.keys());
    cloud.service.prune(SPACE, begun + WEEK).await.unwrap();
    assert_eq!(cloud.memory.keys(), [made]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_whose_server_has_stopped_are_ended() {
    let cloud = Cloud::new();
    let tasks = &cloud.another().service.tasks;
    let restored = vec![crate::record::Restored { from: "users".to_owned(), to: "users_bak".to_owned() }];
    let work = |complete| Work::Restore { backup_id: "b".to_owned(), collections: restored.clone(), complete };
    let export = Work::Export { collection: "users".to_owned(), file_type: crate::record::FileType::Json, fields: vec![] };
    let (half, complete) = (tasks.make(SPACE, work(false), Status::Running), tasks.make(SPACE, work(true), Status::Running));
    let (fresh, silent) = (tasks.make(SPACE, export.clone(), Status::Running), tasks.make(SPACE, export, Status::Running));
    for task in [&half, &complete, &silent] {
        let mut task = task.clone();
        task.modified = now() - LAPSE - 1000;
        tasks.insert(&task).await.unwrap();
    }
    tasks.insert(&fresh).await.unwrap();
    cloud.memory.fill(SPACE, &unfinished(&half.id, 0), vec![doc! {"_id": 1}], vec![]);
    cloud.memory.fill(SPACE, &unfinished(&complete.id, 0), vec![doc! {"_id": 2}], vec![]);
    cloud.service.sweep().await.unwrap();

    let status = async |task: &Task| cloud.task(&task.id).await.status;
    assert_eq!(status(&half).await, Status::Failed);
    assert_eq!(status(&complete).await, Status::Success, "it only needed its name");
    assert_eq!(status(&silent).await, Status::Failed);
    assert_eq!(status(&fresh).await, Status::Running);
    assert!(cloud.task(&silent.id).await.message.contains("server was stopped"));
    assert_eq!(cloud.memory.names(SPACE), ["empty", "users", "users_bak"]);
    assert_eq!(cloud.memory.collection(SPACE, "users_bak").unwrap().documents, [doc! {"_id": 2}]);
    assert!(!tasks.change(&silent.id, json!({})).await.unwrap(), "its old owner has lost it");
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_tasks_go_after_a_day_with_their_files() {
    let cloud = Cloud::new();
    let done = cloud.export(json!({"Collection": "users", "FileType": "JSON"})).await;
    assert_eq!(done["Status"], "SUCCESS");
    cloud.service.sweep().await.unwrap();
    assert_eq!(cloud.memory.keys().len(), 1, "not at once");
    let records = sdk_plugin::contract::db::Collection::new(cloud.memory.clone(), SYSTEM_SPACE, "db_tasks");
    records.update(json!({"status": "SUCCESS"}), json!({"$set": {"modified": now() - KEPT - 1000}})).await.unwrap();
    cloud.service.sweep().await.unwrap();
    assert!(cloud.memory.keys().is_empty());
    assert_eq!(cloud.memory.collection(SYSTEM_SPACE, "db_tasks").unwrap().documents, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_tasks_are_refused_and_a_stop_ends_those_that_wait() {
    let cloud = Cloud::with(Config { max_running: 1, max_tasks_per_space: 2, ..Config::default() });
    cloud.memory.fill(SPACE, "users", vec![doc! {"_id": 1}], vec![]);
    // The first never gets its page.
    cloud.memory.on_call(|command, _| (command == "dump").then(|| Error::new(codes::UNAVAILABLE, "not now").retryable()));
    let export = || cloud.service.create_export(SPACE, params(json!({"Collection": "users", "FileType": "JSON"})));
    let id = async |created: Value| created["TaskId"].as_str().unwrap().to_owned();
    let (first, second) = (id(export().await.unwrap()).await, id(export().await.unwrap()).await);
    assert_eq!(export().await.unwrap_err().code(), SERVER_BUSY);
    assert_eq!(cloud.task(&second).await.status, Status::Waiting);
    cloud.service.stop().await;
    assert_eq!(export().await.unwrap_err().code(), SERVER_BUSY, "it is stopping");
    assert!(cloud.ended(&first).await.message.starts_with("SERVER_BUSY"), "the database did not answer");
    let message = cloud.ended(&second).await.message;
    assert!(message.starts_with("SERVER_BUSY") || message.contains("server was stopped"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_space_leaves_nothing() {
    let cloud = Cloud::new();
    cloud.backup().await;
    cloud.export(json!({"Collection": "users", "FileType": "JSON"})).await;
    cloud.service.create_import(SPACE, params(json!({"Collection": "x", "FileType": "JSON"}))).await.unwrap();
    assert!(!cloud.memory.keys().is_empty());
    for _ in 0..2 {
        cloud.service.remove_space(SPACE).await.unwrap();
        assert!(cloud.memory.keys().is_empty());
        assert_eq!(cloud.memory.collection(SYSTEM_SPACE, "db_tasks").unwrap().documents, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_are_renamed_and_deleted() {
    let cloud = Cloud::new();
    let rename =
        |from: &str, to: &str| cloud.service.rename_collection(SPACE, params(json!({"OriginCollection": from, "NewCollection": to})));
    rename("users", "people").await.unwrap();
    assert_eq!(rename("users", "x").await.unwrap_err().message(), "the collection `users` does not exist");
    assert_eq!(rename("people", "empty").await.unwrap_err().message(), "the collection `empty` exists already");
    let delete = |body: &str| cloud.service.delete_collection(SPACE, params(json!({"Body": body})));
    delete(r#"{"collection":"people"}"#).await.unwrap();
    delete("empty").await.unwrap();
    assert_eq!(delete("empty").await.unwrap_err().code(), "InvalidCollection.NotFound");
    assert_eq!(cloud.memory.names(SPACE), Vec::<String>::new());
}
