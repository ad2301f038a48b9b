use bson::doc;
use mql::index::IndexSpec;
use surreal_records::{Config, Connection};

use super::*;
use crate::index;
use crate::locks::Locks;
use crate::records::Records;

/// A database in memory, and what holds it.
async fn database() -> (Arc<Database>, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { url: "mem://".to_owned(), ..Config::default() };
    let connection = Connection::open(&config, folder.path()).await.unwrap();
    let session = connection.session("space").await.unwrap();
    (Arc::new(Database::new("space", session)), connection)
}

async fn put(database: &Arc<Database>, name: &str, id: i32, doc: Document) {
    let records = Records::open(database.clone(), name).await.unwrap();
    let (key, bytes) = (crate::layout::key(&Bson::Int32(id)).unwrap(), Bytes::from(doc.to_vec().unwrap()));
    let version = crate::records::Version { bytes: &bytes, document: &doc };
    let writes = records.changes(&key, None, Some(version)).unwrap();
    records.write(&writes).await.unwrap();
}

async fn count(database: &Arc<Database>, name: &str) -> u64 {
    Records::open(database.clone(), name).await.unwrap().count().await.unwrap()
}

fn by_n() -> IndexSpec {
    IndexSpec::parse(&doc! {"key": {"n": 1}, "unique": true}).unwrap()
}

/// Waits for what happens in the background.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(MOMENT).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_holds_although_somebody_uses_the_collection_as_it_was() {
    let (database, _connection) = database().await;
    put(&database, "a", 1, doc! {"_id": 1}).await;
    put(&database, "b", 2, doc! {"_id": 2}).await;
    let used = Records::open(database.clone(), "b").await.unwrap();
    database.rename("a", "b", None).await.unwrap();
    assert_eq!((count(&database, "a").await, count(&database, "b").await), (0, 1));
    assert_eq!(used.count().await.unwrap(), 1, "whoever reads goes on reading what it began with");
    assert!(database.tables().await.unwrap().contains(&"b".to_owned()));
    drop(used);
    eventually("the table is removed", async || !database.tables().await.unwrap().contains(&"b".to_owned())).await;

    let used = Records::open(database.clone(), "b").await.unwrap();
    database.drop_collection("b").await.unwrap();
    assert!(!database.exists("b").await.unwrap());
    assert_eq!(used.count().await.unwrap(), 1);
    drop(used);
    eventually("the table is removed", async || !database.tables().await.unwrap().contains(&"a".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_uses_a_table_under_its_old_name_is_waited_for() {
    let (database, _connection) = database().await;
    put(&database, "a", 1, doc! {"_id": 1, "n": 1}).await;
    let used = Records::open(database.clone(), "a").await.unwrap();
    database.rename("a", "b", None).await.unwrap();
    let error = index::create(&database, &Locks::default(), "b", vec![by_n()]).await.unwrap_err();
    assert_eq!(error.message(), "the collection is in use", "a writer knows nothing of the index");
    database.drop_collection("b").await.unwrap();
    assert_eq!(used.count().await.unwrap(), 1);
    database.sweep().await.unwrap();
    assert_eq!(used.count().await.unwrap(), 1, "it is not left behind as long as somebody uses it");
    drop(used);
    eventually("the table is removed", async || !database.tables().await.unwrap().contains(&"a".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_that_became_a_collection_are_not_dropped_with_their_hidden_one() {
    let (database, _connection) = database().await;
    let aside = Database::temporary();
    put(&database, &aside, 1, doc! {"_id": 1}).await;
    database.rename(&aside, "c", None).await.unwrap();
    assert_eq!(database.drop_collection(&aside).await.unwrap_err().code(), codes::CONFLICT);
    assert_eq!(count(&database, "c").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_cannot_be_begun_is_not_left_behind() {
    let (database, _connection) = database().await;
    put(&database, "c", 1, doc! {"_id": 1, "n": 1}).await;
    let used = Records::open(database.clone(), "c").await.unwrap();
    let error = index::create(&database, &Locks::default(), "c", vec![by_n()]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (codes::CONFLICT, "the collection is in use"));
    assert!(database.collection("c").await.unwrap().indexes.is_empty());
    // It knows nothing of the index, and must not be forgotten when the next one is made.
    drop(used);
    index::create(&database, &Locks::default(), "c", vec![by_n()]).await.unwrap();
    assert!(database.collection("c").await.unwrap().indexes[0].ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_was_cut_off_waits_for_who_does_not_know_of_it() {
    let (database, _connection) = database().await;
    put(&database, "c", 1, doc! {"_id": 1, "n": 1}).await;
    let unknowing = Records::open(database.clone(), "c").await.unwrap();
    let begun = |definition: &mut Collection| {
        let table = definition.new_table();
        definition.indexes.push(Arc::new(Index::new(&table, by_n(), database.multikey())));
        Ok(true)
    };
    drop(database.redefine("c", begun).await.unwrap());
    assert_eq!(index::resume(&database, &Locks::default(), "c").await.unwrap_err().code(), codes::CONFLICT);
    assert!(!database.collection("c").await.unwrap().indexes[0].ready);
    drop(unknowing);
    index::resume(&database, &Locks::default(), "c").await.unwrap();
    assert!(database.collection("c").await.unwrap().indexes[0].ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_was_cut_off_and_cannot_be_made_is_removed() {
    let (database, _connection) = database().await;
    for id in [1, 2] {
        put(&database, "c", id, doc! {"_id": id, "n": 7}).await;
    }
    let begun = |definition: &mut Collection| {
        let table = definition.new_table();
        definition.indexes.push(Arc::new(Index::new(&table, by_n(), database.multikey())));
        Ok(true)
    };
    drop(database.redefine("c", begun).await.unwrap());
    let error = index::resume(&database, &Locks::default(), "c").await.unwrap_err();
    assert_eq!(error.code(), sdk_plugin::contract::db::DUPLICATE_KEY);
    assert!(database.collection("c").await.unwrap().indexes.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_do_not_replace_a_collection_whose_indexes_changed() {
    let (database, _connection) = database().await;
    put(&database, "$aside", 1, doc! {"_id": 1}).await;
    put(&database, "c", 1, doc! {"_id": 1, "n": 1}).await;
    index::create(&database, &Locks::default(), "c", vec![by_n()]).await.unwrap();
    let error = database.rename("$aside", "c", Some(&[])).await.unwrap_err();
    assert_eq!(error.message(), "indexes of target collection c changed while processing $out");
    assert_eq!(database.collection("c").await.unwrap().indexes.len(), 1);
    database.rename("$aside", "c", Some(&[by_n()])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_behind_is_swept() {
    let (database, _connection) = database().await;
    let old = "5f0000000000000000000000";
    let (left, young) = (format!("c${old}"), format!("c${}", ObjectId::new().to_hex()));
    put(&database, "c", 1, doc! {"_id": 1, "n": 1}).await;
    index::create(&database, &Locks::default(), "c", vec![by_n()]).await.unwrap();
    put(&database, &format!("${old}"), 1, doc! {"_id": 1}).await;
    // An old table that a collection has.
    let moved = |definition: &mut Collection| {
        definition.table = format!("d${old}").into();
        Ok(true)
    };
    drop(database.redefine("d", moved).await.unwrap());
    put(&database, "d", 1, doc! {"_id": 1}).await;
    for table in [&left, &young] {
        database.make_table(table).await.unwrap();
    }
    // The table of documents that were dropped, though not from the disk.
    put(&database, "e", 1, doc! {"_id": 1}).await;
    let dropped = |definition: &mut Collection| {
        definition.table = definition.new_table().into();
        Ok(true)
    };
    drop(database.redefine("e", dropped).await.unwrap());
    let before = database.tables().await.unwrap().len();
    database.sweep().await.unwrap();
    // With the results of a `$out` that was cut off.
    eventually("three are removed", async || database.tables().await.unwrap().len() == before - 3).await;
    let after = database.tables().await.unwrap();
    assert!(after.contains(&young) && !after.contains(&left) && !after.contains(&"e".to_owned()), "{after:?}");
    assert_eq!((count(&database, "c").await, count(&database, "d").await), (1, 1));
}
