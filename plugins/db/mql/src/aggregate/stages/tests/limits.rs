//! What pipelines may take: time, memory and disk.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bson::{Document, doc};

use super::{Store, pipeline};
use crate::aggregate::{Context, Opened, Opening, Query, Source, SpillWith};
use crate::error::Code;
use crate::expression::Variables;

/// Ten thousand million documents of one.
const ENDLESS: &str = r#"[{"$limit":1},{"$set":{"a":{"$range":[0,100000]}}},{"$unwind":"$a"},{"$set":{"a":{"$range":[0,100000]}}},
    {"$unwind":"$a"},{"$count":"n"}]"#;

fn until(deadline: Instant) -> Context {
    let mut variables = Variables::new();
    variables.stop_at(deadline);
    Context { variables, ..Context::default() }
}

/// Runs a pipeline that ends only because its time is over.
#[track_caller]
fn expires(store: &mut Store, stages: &str) {
    let begin = Instant::now();
    let error = store.run(&pipeline(stages).unwrap(), until(begin + Duration::from_millis(30))).unwrap_err();
    assert_eq!(error.code(), Code::MaxTimeMSExpired, "{error}");
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn documents_that_multiply_end_in_time() {
    expires(&mut Store::of("[{}]"), ENDLESS);
    expires(&mut Store::of("[{}]"), &format!(r#"[{{"$facet":{{"a":{ENDLESS},"b":[{{"$limit":1}}]}}}}]"#));
    let joined = format!(r#"[{{"$lookup":{{"from":"c","as":"d","pipeline":{ENDLESS}}}}}]"#);
    expires(&mut Store::of("[{}]").with("c", "[{}]"), &joined);
}

#[test]
fn conditions_on_long_arrays_end_in_time() {
    let any: Vec<String> = (1..20_000).map(|n| format!(r#"{{"a":-{n}}}"#)).collect();
    let stages = format!(r#"[{{"$set":{{"a":{{"$range":[0,500000]}}}}}},{{"$match":{{"$or":[{}]}}}}]"#, any.join(","));
    expires(&mut Store::of("[{}]"), &stages);
}

#[test]
fn expressions_over_long_arrays_end_in_time() {
    let array: Vec<i32> = (0..10_000).collect();
    let doc = doc! {"a": array, "s": "x".repeat(1 << 20)};
    for expression in [
        r#"{"$in":[-1,"$a"]}"#,
        r#"{"$indexOfArray":["$a",-1]}"#,
        r#"{"$setUnion":["$a",[1]]}"#,
        r#"{"$setDifference":["$a",[1]]}"#,
        r#"{"$concatArrays":["$a",[1]]}"#,
        r#"{"$max":"$a"}"#,
        r#"{"$sum":"$a"}"#,
        r#"{"$zip":{"inputs":["$a","$a"]}}"#,
        r#"{"$trim":{"input":"$s"}}"#,
        r#"{"$split":["$s","y"]}"#,
        r#"{"$map":{"input":"$a","in":1}}"#,
        r#"{"$reduce":{"input":"$a","initialValue":0,"in":1}}"#,
        r#"{"$and":[{"$isArray":"$a.b"},{"$isArray":"$a.b"}]}"#,
    ] {
        let parsed = crate::expression::Expression::parse(&crate::aggregate::testing::parsed(expression)).unwrap();
        let error = parsed.evaluate(&doc, &until(Instant::now()).variables).unwrap_err();
        assert_eq!(error.code(), Code::MaxTimeMSExpired, "{expression}: {error}");
        parsed.evaluate(&doc, &until(Instant::now() + Duration::from_secs(600)).variables).unwrap();
    }
}

#[test]
fn trimming_many_characters_takes_no_longer() {
    let begin = Instant::now();
    let chars: String = ('\u{4e00}'..'\u{9000}').collect();
    let doc = doc! {"s": "\u{8fff}".repeat(1_000_000), "c": chars};
    let trim =
        crate::expression::Expression::parse(&crate::aggregate::testing::parsed(r#"{"$trim":{"input":"$s","chars":"$c"}}"#)).unwrap();
    assert_eq!(trim.evaluate(&doc, &Variables::new()).unwrap(), bson::Bson::String(String::new()));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn others_have_their_turn() {
    let counts = r#"[{"$set":{"a":{"$range":[0,200000]}}},{"$unwind":"$a"},{"$count":"n"}]"#;
    let mut store = Store::of("[{}]");
    assert_eq!(store.run(&pipeline(counts).unwrap(), Context::default()).unwrap(), [doc! {"n": 200_000}]);
    assert!(store.yielded > 0);
    let mut store = Store::of("[{}]").with("c", "[{}]");
    let nested = format!(r#"[{{"$facet":{{"f":{counts},"l":[{{"$lookup":{{"from":"c","as":"c","pipeline":{counts}}}}}]}}}}]"#);
    let found = store.run(&pipeline(&nested).unwrap(), Context::default()).unwrap();
    assert_eq!(found, [doc! {"f": [{"n": 200_000}], "l": [{"c": [{"n": 200_000}]}]}]);
    assert!(store.yielded > 0);
}

/// A store that has its one document at hand.
struct AtHand;

impl Source for AtHand {
    type Cursor = Option<Document>;
    type Error = crate::Error;

    async fn open(&self, _: &Query) -> Result<Opened<Option<Document>>, crate::Error> {
        Ok(Opened { cursor: Some(Document::new()), opening: Opening::default() })
    }

    async fn fetch(&self, cursor: &mut Option<Document>) -> Result<Option<Vec<Document>>, crate::Error> {
        Ok(cursor.take().map(|doc| vec![doc]))
    }
}

#[test]
fn a_driver_waits_for_others_while_the_store_never_waits() {
    let source = AtHand;
    let mut results = pipeline(ENDLESS).unwrap().start(Context::default()).on(&source);
    let mut next = pin!(results.next());
    let mut context = std::task::Context::from_waker(Waker::noop());
    let begin = Instant::now();
    for _ in 0..10 {
        assert!(matches!(next.as_mut().poll(&mut context), Poll::Pending), "it gives up its turn");
    }
    assert!(begin.elapsed() < Duration::from_secs(2));
}

fn many() -> Vec<Document> {
    (0..2000).map(|n| doc! {"_id": n, "key": (n * 7919) % 2000, "text": "x".repeat(50)}).collect()
}

#[test]
fn temporary_files_are_bounded_together() {
    let context = |disk| Context {
        memory: 20_000,
        spill: Some(Arc::new(SpillWith(|| Ok(std::io::Cursor::new(Vec::new()))))),
        disk,
        ..Context::default()
    };
    // All documents take about 180 kB as BSON; while runs are merged they are there twice.
    for stage in [r#"{"$sort":{"key":1}}"#, r#"{"$group":{"_id":"$key","all":{"$push":"$text"}}}"#] {
        let stages = pipeline(&format!("[{stage}]")).unwrap();
        let error = Store::default().put(many()).run(&stages, context(100_000)).unwrap_err();
        assert_eq!((error.code(), error.code().number()), (Code::OutOfDiskSpace, 14031), "{error}");
        assert_eq!(Store::default().put(many()).run(&stages, context(1_000_000)).unwrap().len(), 2000);
    }
    let one_by_one = pipeline(&format!("[{}]", [r#"{"$sort":{"key":1}},{"$sort":{"key":-1}}"#; 10].join(","))).unwrap();
    let found = Store::default().put(many()).run(&one_by_one, context(1_000_000)).unwrap();
    assert_eq!(found.len(), 2000, "what is read makes room again");
}

#[test]
fn facets_share_the_memory_of_one_stage() {
    let context = || Context { memory: 150_000, ..Context::default() };
    let sort = r#"[{"$limit":100},{"$sort":{"key":1}},{"$count":"n"}]"#;
    let facets = |count: usize| {
        let all: Vec<String> = (0..count).map(|i| format!(r#""f{i}":{sort}"#)).collect();
        pipeline(&format!(r#"[{{"$facet":{{{}}}}}]"#, all.join(","))).unwrap()
    };
    assert!(Store::default().put(many()).run(&facets(1), context()).is_ok());
    let error = Store::default().put(many()).run(&facets(4), context()).unwrap_err();
    assert_eq!(error.code().number(), 16819, "{error}");
}

#[test]
fn elements_of_arrays_get_no_more_than_a_document_may_hold() {
    let ints: Vec<i32> = (0..100_000).collect();
    let doc = doc! {"a": ints, "big": "x".repeat(1 << 20)};
    for stage in [r#"{"$set":{"a.b":"$big"}}"#, r#"{"$project":{"a.b":"$big"}}"#] {
        let error = Store::default().put(vec![doc.clone()]).run(&pipeline(&format!("[{stage}]")).unwrap(), Context::default()).unwrap_err();
        assert_eq!(error.code(), Code::BSONObjectTooLarge, "{stage}: {error}");
    }
}

#[test]
fn variables_are_bounded() {
    let vars: Document = (0..200_000).map(|i| (format!("v{i}"), bson::Bson::Int32(i))).collect();
    let error = crate::expression::Expression::parse(&bson::bson!({"$let": {"vars": vars, "in": "$$v0"}})).unwrap_err();
    assert!(error.message().contains("at most 1000 variables"), "{error}");
    let vars: Document = (0..1000).map(|i| (format!("v{i}"), bson::Bson::Int32(i))).collect();
    let parsed = crate::expression::Expression::parse(&bson::bson!({"$let": {"vars": vars, "in": "$$v7"}})).unwrap();
    assert_eq!(parsed.evaluate(&Document::new(), &Variables::new()).unwrap(), bson::Bson::Int32(7));
}
