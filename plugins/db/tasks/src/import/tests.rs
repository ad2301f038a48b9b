//! Imports over a database in memory: what an export writes comes back, and what conflicts.
#![allow(clippy::unwrap_used)]

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Regex, Timestamp, doc};
use futures_util::stream;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sdk_plugin::{Bytes, Error};

use super::*;
use crate::code::{DUPLICATE_KEY_ERROR, INVALID_FILE_FORMAT};
use crate::control::Progress;
use crate::objects::Objects;
use crate::testing::Memory;
use crate::{export, extended};

const SPACE: &str = "s";

async fn import(memory: &Memory, file_type: FileType, mode: Mode, file: &[u8]) -> (Result<()>, Progress) {
    let control = Control::default();
    let database = Database::new(memory.clone(), SPACE);
    let chunks: Vec<_> = file.chunks(333).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let body = Body::from_stream(stream::iter(chunks)).with_length(file.len() as u64);
    let done = Import { database: &database, collection: "c", file_type, mode }.run(body, &control).await;
    (done, control.progress())
}

async fn export(memory: &Memory, collection: &str, file_type: FileType, fields: &[&str]) -> Bytes {
    let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
    let (database, objects, control) = (Database::new(memory.clone(), SPACE), Objects::new(memory.clone()), Control::default());
    export::run(&database, &objects, collection, file_type, &fields, "file", &control).await.unwrap();
    memory.object("file").unwrap()
}

fn name(random: &mut StdRng) -> String {
    let length = random.random_range(0..6);
    let plain = |random: &mut StdRng| ['a', 'b', 'Z', '_', ' ', '"', '\\', '小', '\n', '\u{1f600}', '-', '0'][random.random_range(0..12)];
    (0..length).map(|_| plain(random)).collect()
}

fn value(random: &mut StdRng, depth: u32) -> Bson {
    let kinds = if depth == 0 { 19 } else { 22 };
    match random.random_range(0..kinds) {
        0 => Bson::Null,
        1 => Bson::Boolean(random.random()),
        2 => Bson::Int32(random.random()),
        3 => Bson::Int64(random.random()),
        4 => Bson::Int64(i64::from(random.random::<i32>())),
        5 => Bson::Int64(random.random_range(-(1 << 54)..(1 << 54))),
        6 => Bson::Double(f64::from(random.random_range(-1000..1000))),
        7 => Bson::Double(random.random()),
        8 => {
            // Text has one NaN; the bits of others are not told apart.
            let any = f64::from_bits(random.random());
            Bson::Double(if any.is_nan() { f64::NAN } else { any })
        }
        9 => Bson::Decimal128(format!("{}E{}", random.random::<i64>(), random.random_range(-20..20)).parse().unwrap()),
        10 => Bson::DateTime(bson::DateTime::from_millis(random.random_range(-1_000_000_000_000..5_000_000_000_000))),
        11 => Bson::DateTime(bson::DateTime::from_millis(random.random_range(-9_000_000_000_000_000..9_000_000_000_000_000))),
        12 => Bson::ObjectId(ObjectId::from_bytes(random.random())),
        13 => {
            let bytes = (0..random.random_range(0..9)).map(|_| random.random()).collect();
            Bson::Binary(Binary { subtype: BinarySubtype::from([0, 4, 5, 0x80][random.random_range(0..4)]), bytes })
        }
        14 => Bson::RegularExpression(Regex {
            pattern: "^a\"\\d".to_owned().try_into().unwrap(),
            options: "im".to_owned().try_into().unwrap(),
        }),
        15 => Bson::Timestamp(Timestamp { time: random.random(), increment: random.random() }),
        16 => [Bson::MinKey, Bson::MaxKey, Bson::Undefined][random.random_range(0..3)].clone(),
        17 => Bson::Symbol(name(random)),
        18 => Bson::String(name(random)),
        19 => Bson::Array((0..random.random_range(0..4)).map(|_| value(random, depth - 1)).collect()),
        _ => Bson::Document(document(random, depth - 1)),
    }
}

fn document(random: &mut StdRng, depth: u32) -> Document {
    (0..random.random_range(0..5)).map(|_| (name(random), value(random, depth))).collect()
}

/// By their bytes, as NaN equals nothing.
fn bytes(memory: &Memory, collection: &str) -> Vec<Vec<u8>> {
    let mut documents = memory.collection(SPACE, collection).unwrap().documents;
    documents.sort_by(|a, b| mql::compare(a.get("_id").unwrap(), b.get("_id").unwrap()));
    documents.iter().map(|document| document.to_vec().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_imported_the_same() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..40 {
        let documents: Vec<Document> = (0..random.random_range(0..60))
            .map(|number| {
                let mut with_id = doc! {"_id": if number % 2 == 0 { Bson::Int32(number) } else { Bson::String(format!("id-{number}")) }};
                let mut rest = document(&mut random, 3);
                rest.remove("_id");
                with_id.extend(rest);
                with_id
            })
            .collect();
        let memory = Memory::default();
        memory.fill(SPACE, "from", documents.clone(), vec![]);
        let file = export(&memory, "from", FileType::Json, &[]).await;
        for mode in [Mode::Insert, Mode::Upsert] {
            memory.fill(SPACE, "c", vec![], vec![]);
            let (done, progress) = import(&memory, FileType::Json, mode, &file).await;
            done.unwrap_or_else(|e| panic!("round {round}: {e:?}\n{}", String::from_utf8_lossy(&file)));
            assert_eq!((progress.succeeded, progress.failed), (documents.len() as u64, 0));
            let (before, after) = (bytes(&memory, "from"), bytes(&memory, "c"));
            for (before, after) in before.iter().zip(&after) {
                let shown = |bytes: &[u8]| format!("{:?}", Document::from_reader(bytes));
                assert_eq!(before, after, "round {round}: {} is not {}", shown(before), shown(after));
            }
            assert_eq!(before.len(), after.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_comes_back_where_the_text_shows_the_type() {
    let memory = Memory::default();
    let id = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
    let documents = vec![
        doc! {"_id": id, "name": "小明, \"x\"", "n": 5, "address": {"city": "A", "zip": "007"}, "tags": ["a", 1_i64]},
        doc! {"_id": "b", "name": "two\r\nlines", "n": 5.5, "at": bson::DateTime::from_millis(0), "yes": true},
    ];
    memory.fill(SPACE, "from", documents.clone(), vec![]);
    let file =
        export(&memory, "from", FileType::Csv, &["_id", "name", "n", "address.city", "address.zip", "tags", "at", "yes", "none"]).await;
    memory.fill(SPACE, "c", vec![], vec![]);
    let (done, progress) = import(&memory, FileType::Csv, Mode::Insert, &file).await;
    done.unwrap();
    assert_eq!(progress, Progress { succeeded: 2, failed: 0, percent: Some(100) });
    assert_eq!(bytes(&memory, "from"), bytes(&memory, "c"));
}

fn unique(field: &str) -> Document {
    doc! {"key": {field: 1}, "name": format!("{field}_1"), "unique": true}
}

fn existing() -> (Memory, Vec<Document>) {
    let memory = Memory::default();
    let documents = vec![doc! {"_id": 1, "phone": "a", "old": true}, doc! {"_id": 2, "phone": "b", "old": true}];
    memory.fill(SPACE, "c", documents.clone(), vec![unique("phone")]);
    (memory, documents)
}

fn sorted(memory: &Memory) -> Vec<Document> {
    let mut documents = memory.collection(SPACE, "c").unwrap().documents;
    documents.sort_by(|a, b| mql::compare(a.get("_id").unwrap(), b.get("_id").unwrap()));
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn insert_leaves_out_what_conflicts_and_goes_on() {
    let (memory, before) = existing();
    let file = br#"{"_id":3,"phone":"c"}
{"_id":1,"phone":"x"}
{"_id":4,"phone":"b"}
{"_id":5,"phone":"e"}
{"_id":5,"phone":"f"}
{"_id":6,"phone":"g"}"#;
    let (done, progress) = import(&memory, FileType::Json, Mode::Insert, file).await;
    done.unwrap();
    assert_eq!((progress.succeeded, progress.failed), (3, 3));
    let after = [before, vec![doc! {"_id": 3, "phone": "c"}, doc! {"_id": 5, "phone": "e"}, doc! {"_id": 6, "phone": "g"}]].concat();
    assert_eq!(sorted(&memory), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_replaces_in_the_order_of_the_file() {
    let (memory, _) = existing();
    // The second line takes a value that the first sets free; the last of two lines counts.
    let file = br#"{"_id":1,"phone":"x"}
{"_id":3,"phone":"a"}
{"_id":4,"phone":"d"}
{"_id":4,"phone":"e"}
{"phone":"f"}"#;
    let (done, progress) = import(&memory, FileType::Json, Mode::Upsert, file).await;
    done.unwrap();
    assert_eq!((progress.succeeded, progress.failed), (5, 0));
    let mut after = sorted(&memory);
    let generated = after.pop().unwrap();
    assert_eq!(generated.get_str("phone").unwrap(), "f");
    assert!(generated.get_object_id("_id").is_ok(), "{generated}");
    assert_eq!(
        after,
        [
            doc! {"_id": 1, "phone": "x"},
            doc! {"_id": 2, "phone": "b", "old": true},
            doc! {"_id": 3, "phone": "a"},
            doc! {"_id": 4, "phone": "e"}
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_ends_at_a_conflict_of_a_unique_index() {
    let (memory, _) = existing();
    let file = br#"{"_id":3,"phone":"c"}
{"_id":1,"phone":"b"}
{"_id":4,"phone":"d"}"#;
    let (done, progress) = import(&memory, FileType::Json, Mode::Upsert, file).await;
    let error = done.unwrap_err();
    assert_eq!(error.code(), DUPLICATE_KEY_ERROR);
    assert!(error.message().starts_with("line 2: "), "{error}");
    assert_eq!(progress.succeeded, 1);
    assert_eq!(sorted(&memory).len(), 3, "nothing after it is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_of_many_documents_old_and_new() {
    let memory = Memory::default();
    memory.fill(SPACE, "c", (0..1500).step_by(3).map(|n| doc! {"_id": n, "old": true}).collect(), vec![]);
    let lines: Vec<String> = (0..1500).map(|n| format!("{{\"_id\":{n},\"n\":{n}}}")).collect();
    let (done, progress) = import(&memory, FileType::Json, Mode::Upsert, lines.join("\n").as_bytes()).await;
    done.unwrap();
    assert_eq!((progress.succeeded, progress.percent), (1500, Some(100)));
    assert_eq!(sorted(&memory), (0..1500).map(|n| doc! {"_id": n, "n": n}).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_as_id_is_no_operator() {
    let memory = Memory::default();
    memory.fill(SPACE, "c", vec![doc! {"_id": {"a": 1}, "old": true}, doc! {"_id": 7, "old": true}], vec![]);
    let file = br#"{"_id":{"a":1},"n":1}"#;
    let (done, _) = import(&memory, FileType::Json, Mode::Upsert, file).await;
    done.unwrap();
    assert_eq!(sorted(&memory), [doc! {"_id": 7, "old": true}, doc! {"_id": {"a": 1}, "n": 1}]);
    let (done, _) = import(&memory, FileType::Json, Mode::Upsert, br#"{"_id":{"$gt":1},"n":1}"#).await;
    assert_eq!(done.unwrap_err().code(), INVALID_FILE_FORMAT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_line_ends_it_and_what_came_before_stays() {
    for mode in [Mode::Insert, Mode::Upsert] {
        for (wrong, says) in [
            ("[]", "line 3: "),
            ("{\"$set\":1}", "line 3: "),
            ("{\"_id\":[1]}", "line 3: "),
            ("{\"refused\":1}", "line 3: refused"),
            ("{\"a\":\"\\ud800\"}", "line 3: "),
        ] {
            let memory = Memory::default();
            let file = format!("{{\"_id\":1}}\n{{\"_id\":2}}\n{wrong}\n{{\"_id\":4}}\n");
            let (done, _) = import(&memory, FileType::Json, mode, file.as_bytes()).await;
            let error = done.unwrap_err();
            assert_eq!(error.code(), INVALID_FILE_FORMAT, "{wrong}: {error:?}");
            assert!(error.message().starts_with(says), "{wrong}: {error}");
            assert_eq!(sorted(&memory)[..2], [doc! {"_id": 1}, doc! {"_id": 2}], "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_storage_and_the_database_answer_is_passed_on() {
    let memory = Memory::default();
    let control = Control::default();
    let database = Database::new(memory.clone(), SPACE);
    let broken = || {
        let chunks = vec![Ok(Bytes::from_static(b"{\"_id\":1}\n{\"_id\":2}\n{")), Err(Error::new("X", "the disk is gone"))];
        Body::from_stream(stream::iter(chunks))
    };
    let import = Import { database: &database, collection: "c", file_type: FileType::Json, mode: Mode::Insert };
    assert_eq!(import.run(broken(), &control).await.unwrap_err().code(), "X");
    assert_eq!(sorted(&memory).len(), 2);

    memory.on_call(|command, _| (command == "load").then(|| Error::new("Y", "the database is gone")));
    let lines: String = (0..100_000).map(|n| format!("{{\"_id\":{n}}}\n")).collect();
    let (done, _) = self::import(&memory, FileType::Json, Mode::Insert, lines.as_bytes()).await;
    assert_eq!(done.unwrap_err().code(), "Y", "and nobody waits for anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_the_sdk_are_object_ids() {
    let memory = Memory::default();
    let file = br#"{"_id":"0123456789abcdef01234567","ref":"0123456789abcdef01234567"}"#;
    import(&memory, FileType::Json, Mode::Insert, file).await.0.unwrap();
    let id = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
    assert_eq!(sorted(&memory), [doc! {"_id": id, "ref": "0123456789abcdef01234567"}]);
    let mut line = Vec::new();
    extended::document(&sorted(&memory)[0], &mut line);
    assert_eq!(String::from_utf8(line).unwrap(), r#"{"_id":{"$oid":"0123456789abcdef01234567"},"ref":"0123456789abcdef01234567"}"#);
}
