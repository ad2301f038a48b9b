//! `$lookup` and `$graphLookup`.

use super::{Store, pipeline, refused};
use crate::aggregate::Context;

const ORDERS: &str = r#"[{"_id":1,"item":"almonds","price":12,"quantity":2},{"_id":2,"item":"pecans","price":20,"quantity":1},{"_id":3}]"#;
const INVENTORY: &str = r#"[{"_id":1,"sku":"almonds","instock":120},{"_id":2,"sku":"bread","instock":80},{"_id":3,"sku":"cashews","instock":60},
    {"_id":4,"sku":"pecans","instock":70},{"_id":5,"sku":null},{"_id":6}]"#;

#[test]
fn by_equality() {
    Store::of(ORDERS).with("inventory", INVENTORY).check(
        r#"[{"$lookup":{"from":"inventory","localField":"item","foreignField":"sku","as":"docs"}},{"$project":{"docs":1}}]"#,
        r#"[{"_id":1,"docs":[{"_id":1,"sku":"almonds","instock":120}]},{"_id":2,"docs":[{"_id":4,"sku":"pecans","instock":70}]},
            {"_id":3,"docs":[{"_id":5,"sku":null},{"_id":6}]}]"#,
    );
    let classes = r#"[{"_id":1,"enrolled":["giraffe2","pandabear"]},{"_id":2,"enrolled":[]},{"_id":3,"enrolled":[{"x":1}]}]"#;
    let members =
        r#"[{"_id":1,"name":"artie"},{"_id":4,"name":"giraffe2"},{"_id":6,"name":["pandabear","panda"]},{"_id":7,"name":{"x":1}}]"#;
    Store::of(classes).with("members", members).check(
        r#"[{"$lookup":{"from":"members","localField":"enrolled","foreignField":"name","as":"a.b"}},{"$project":{"a.b._id":1}}]"#,
        r#"[{"_id":1,"a":{"b":[{"_id":4},{"_id":6}]}},{"_id":2,"a":{"b":[]}},{"_id":3,"a":{"b":[{"_id":7}]}}]"#,
    );
    Store::of(ORDERS).check(
        r#"[{"$limit":1},{"$lookup":{"from":"nowhere","localField":"item","foreignField":"sku","as":"docs"}},{"$project":{"docs":1}}]"#,
        r#"[{"_id":1,"docs":[]}]"#,
    );
}

#[test]
fn by_pipeline() {
    Store::of(ORDERS).with("inventory", INVENTORY).check(
        r#"[{"$match":{"item":{"$gt":""}}},{"$lookup":{"from":"inventory","let":{"wanted":"$item","q":"$quantity"},"pipeline":[
            {"$addFields":{"same":{"$eq":["$sku","$$wanted"]},"q":"$$q"}},{"$match":{"same":true}},{"$project":{"q":1,"instock":1,"_id":0}}],
            "as":"stock"}},{"$project":{"stock":1}}]"#,
        r#"[{"_id":1,"stock":[{"instock":120,"q":2}]},{"_id":2,"stock":[{"instock":70,"q":1}]}]"#,
    );
    // Nested, where the inner pipeline still knows the outer variables.
    Store::of(r#"[{"_id":1}]"#).with("a", r#"[{"_id":10}]"#).with("b", r#"[{"_id":20},{"_id":21}]"#).check(
        r#"[{"$lookup":{"from":"a","let":{"x":"$_id"},"pipeline":[{"$lookup":{"from":"b","let":{"y":"$_id"},
            "pipeline":[{"$sort":{"_id":-1}},{"$limit":1},{"$project":{"sum":{"$add":["$$x","$$y","$_id"]},"_id":0}}],"as":"bs"}}],"as":"as"}}]"#,
        r#"[{"_id":1,"as":[{"_id":10,"bs":[{"sum":32}]}]}]"#,
    );
}

#[test]
fn an_unwind_that_follows_is_part_of_it() {
    let store = || Store::of(ORDERS).with("inventory", INVENTORY);
    let stages = |unwind: &str| {
        format!(
            r#"[{{"$lookup":{{"from":"inventory","localField":"item","foreignField":"sku","as":"d"}}}},{{"$unwind":{unwind}}},{{"$project":{{"d._id":1,"i":1}}}}]"#
        )
    };
    store().check(
        &stages(r#"{"path":"$d","includeArrayIndex":"i"}"#),
        r#"[{"_id":1,"d":{"_id":1},"i":0},{"_id":2,"d":{"_id":4},"i":0},{"_id":3,"d":{"_id":5},"i":0},{"_id":3,"d":{"_id":6},"i":1}]"#,
    );
    let orders = r#"[{"_id":9,"item":"none","d":1}]"#;
    Store::of(orders).with("inventory", INVENTORY).check(&stages(r#""$d""#), "[]");
    Store::of(orders)
        .with("inventory", INVENTORY)
        .check(&stages(r#"{"path":"$d","includeArrayIndex":"i","preserveNullAndEmptyArrays":true}"#), r#"[{"_id":9,"i":null}]"#);
}

#[test]
fn queries_end_with_the_pipeline() {
    let mut store = Store::of(ORDERS).with("inventory", INVENTORY);
    let stages = r#"[{"$lookup":{"from":"inventory","pipeline":[{"$limit":1}],"as":"d"}},{"$unwind":"$d"},{"$limit":1}]"#;
    let results = store.run(&pipeline(stages).unwrap(), Context::default()).unwrap();
    assert_eq!((results.len(), store.opened, store.closed), (1, 2, 2));
}

#[test]
fn joined_documents_are_bounded() {
    let large = format!(r#"[{}]"#, vec![format!(r#"{{"a":"{}"}}"#, "x".repeat(6 << 20)); 3].join(","));
    let stages = r#"[{"$lookup":{"from":"large","pipeline":[{"$match":{}}],"as":"d"}}]"#;
    Store::of(r#"[{"_id":1}]"#).with("large", &large).fails(stages, 4568);
    let counted = r#"[{"$lookup":{"from":"large","pipeline":[{"$match":{}}],"as":"d"}},{"$unwind":"$d"},{"$count":"n"}]"#;
    Store::of(r#"[{"_id":1}]"#).with("large", &large).check(counted, r#"[{"n":3}]"#);
}

#[test]
fn conditions_on_the_joined_documents() {
    let orders =
        r#"[{"_id":1,"item":"almonds","ordered":2},{"_id":2,"item":"pecans","ordered":1},{"_id":3,"item":"cookies","ordered":60}]"#;
    let warehouses = r#"[{"_id":1,"stock_item":"almonds","instock":120},{"_id":2,"stock_item":"pecans","instock":80},
        {"_id":3,"stock_item":"almonds","instock":60},{"_id":4,"stock_item":"cookies","instock":40},{"_id":5,"stock_item":"cookies","instock":80}]"#;
    // The example of MongoDB's page "$lookup". The condition reaches the store as a filter.
    let stages = r#"[{"$lookup":{"from":"warehouses","let":{"order_item":"$item","order_qty":"$ordered"},"pipeline":[
        {"$match":{"$expr":{"$and":[{"$eq":["$stock_item","$$order_item"]},{"$gte":["$instock","$$order_qty"]}]}}},
        {"$project":{"stock_item":0,"_id":0}}],"as":"stock"}},{"$project":{"stock":1}}]"#;
    let expected =
        r#"[{"_id":1,"stock":[{"instock":120},{"instock":60}]},{"_id":2,"stock":[{"instock":80}]},{"_id":3,"stock":[{"instock":80}]}]"#;
    Store::of(orders).with("warehouses", warehouses).check(stages, expected);
    // After another stage it is the pipeline that tests it.
    let later = stages.replace(
        r#"[
        {"$match""#,
        r#"[{"$addFields":{"x":1}},{"$project":{"x":0}},{"$match""#,
    );
    Store::of(orders).with("warehouses", warehouses).check(&later, expected);
    let now = r#"[{"$match":{"$expr":{"$lt":["$t","$$NOW"]}}},{"$addFields":{"now":"$$NOW"}},{"$match":{"$expr":{"$eq":["$now","$$NOW"]}}},{"$count":"n"}]"#;
    Store::of(r#"[{"t":"2020-01-01T00:00:00.000Z"},{"t":"9020-01-01T00:00:00.000Z"}]"#).check(now, r#"[{"n":1}]"#);
    refused(r#"[{"$match":{"$expr":"$$order_item"}}]"#, 17276);
    Store::of("[{}]").fails(r#"[{"$match":{"$expr":{"$divide":[1,0]}}}]"#, 16608);
    let graph = r#"[{"$limit":1},{"$graphLookup":{"from":"employees","startWith":"Dev","connectFromField":"name","connectToField":"reportsTo","as":"d",
        "restrictSearchWithMatch":{"$expr":{"$ne":["$name","Ron"]}}}},{"$project":{"d._id":1,"_id":0}}]"#;
    Store::of(EMPLOYEES).with("employees", EMPLOYEES).check(graph, r#"[{"d":[{"_id":2},{"_id":4},{"_id":6}]}]"#);
}

#[test]
fn collections_are_named_however_deep() {
    let stages = r#"[{"$lookup":{"from":"a","pipeline":[{"$lookup":{"from":"b","localField":"x","foreignField":"y","as":"z"}},
        {"$facet":{"f":[{"$graphLookup":{"from":"c","startWith":"$x","connectFromField":"x","connectToField":"y","as":"z"}}]}}],"as":"w"}},
        {"$merge":"d"}]"#;
    let collections = pipeline(stages).unwrap().collections();
    assert_eq!(collections.reads.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(collections.writes.iter().collect::<Vec<_>>(), ["d"]);
    let reads = |stages: &str| pipeline(stages).unwrap().collections().reads.into_iter().collect::<Vec<_>>();
    assert!(reads(r#"[{"$match":{"from":"a"}},{"$group":{"_id":"$from"}},{"$out":"b"}]"#).is_empty());
    assert_eq!(pipeline(r#"[{"$out":"b"}]"#).unwrap().collections().writes.into_iter().collect::<Vec<_>>(), ["b"]);
    // The `$unwind` becomes a part of the `$lookup`.
    let nested = r#"[{"$facet":{"x":[{"$lookup":{"from":"a","pipeline":[{"$facet":{"y":[{"$lookup":{"from":"b","localField":"l","foreignField":"f","as":"z"}},
        {"$unwind":"$z"}]}},{"$lookup":{"from":"c","pipeline":[],"as":"w"}}],"as":"v"}},{"$unwind":"$v"}],
        "u":[{"$lookup":{"from":"d","localField":"l","foreignField":"f","as":"z"}}]}}]"#;
    assert_eq!(reads(nested), ["a", "b", "c", "d"]);
    for into in [r#""a""#, r#"{"into":"a"}"#, r#"{"into":{"coll":"a"}}"#] {
        let lookup = r#"{"$lookup":{"from":"a","pipeline":[],"as":"x"}}"#;
        refused(&format!(r#"[{lookup},{{"$merge":{into}}}]"#), 51079);
        let merge = pipeline(&format!(r#"[{{"$merge":{into}}}]"#)).unwrap();
        assert_eq!(merge.check_source("a").unwrap_err().code().number(), 51188);
        assert!(merge.check_source("b").is_ok());
    }
    assert!(pipeline(r#"[{"$out":"a"}]"#).unwrap().check_source("a").is_ok());
}

#[test]
fn what_lookup_refuses() {
    for (stage, number) in [
        ("1", 9),
        ("{}", 9),
        (r#"{"from":1}"#, 9),
        (r#"{"from":"a"}"#, 9),
        (r#"{"from":"a","as":"b"}"#, 9),
        (r#"{"from":"a","as":"b","localField":"c"}"#, 9),
        (r#"{"from":"a","as":"b","localField":"c","foreignField":"d","pipeline":[]}"#, 9),
        (r#"{"from":"a","as":"b","localField":"c","foreignField":"d","let":{}}"#, 9),
        (r#"{"from":"a","as":"b","localField":"c","foreignField":"$d"}"#, 16410),
        (r#"{"from":"a","as":"$b","localField":"c","foreignField":"d"}"#, 16410),
        (r#"{"from":"a","as":"b","x":1}"#, 9),
        (r#"{"from":"a","as":"b","pipeline":1}"#, 14),
        (r#"{"from":"a","as":"b","pipeline":[],"let":1}"#, 9),
        (r#"{"from":"a","as":"b","pipeline":[],"let":{"X":1}}"#, 16867),
        (r#"{"from":"a","as":"b","pipeline":[{"$out":"x"}]}"#, 51047),
        (r#"{"from":"a","as":"b","pipeline":[{"$project":{"x":"$$nothing"}}]}"#, 17276),
    ] {
        refused(&format!(r#"[{{"$lookup":{stage}}}]"#), number);
    }
    let nest = |inner: String, _| format!(r#"{{"$lookup":{{"from":"a","as":"b","pipeline":[{inner}]}}}}"#);
    assert!(pipeline(&format!("[{}]", (0..20).fold(r#"{"$limit":1}"#.to_owned(), nest))).is_ok());
    refused(&format!("[{}]", (0..21).fold(r#"{"$limit":1}"#.to_owned(), nest)), 232);
}

const EMPLOYEES: &str = r#"[{"_id":1,"name":"Dev"},{"_id":2,"name":"Eliot","reportsTo":"Dev"},{"_id":3,"name":"Ron","reportsTo":"Eliot"},
    {"_id":4,"name":"Andrew","reportsTo":"Eliot"},{"_id":5,"name":"Asya","reportsTo":"Ron"},{"_id":6,"name":"Dan","reportsTo":"Andrew"}]"#;

#[test]
fn graphs() {
    let stages = |more: &str| {
        format!(
            r#"[{{"$match":{{"_id":{{"$in":[1,5]}}}}}},{{"$graphLookup":{{"from":"employees","startWith":"$reportsTo","connectFromField":"reportsTo",
                "connectToField":"name","as":"chain"{more}}}}},{{"$project":{{"chain._id":1,"chain.depth":1}}}}]"#
        )
    };
    let store = || Store::of(EMPLOYEES).with("employees", EMPLOYEES);
    store().check(&stages(""), r#"[{"_id":1,"chain":[]},{"_id":5,"chain":[{"_id":3},{"_id":2},{"_id":1}]}]"#);
    store().check(
        &stages(r#","maxDepth":1,"depthField":"depth""#),
        r#"[{"_id":1,"chain":[]},{"_id":5,"chain":[{"_id":3,"depth":0},{"_id":2,"depth":1}]}]"#,
    );
    store().check(
        &stages(r#","restrictSearchWithMatch":{"name":{"$ne":"Eliot"}}"#),
        r#"[{"_id":1,"chain":[]},{"_id":5,"chain":[{"_id":3}]}]"#,
    );
    let airports = r#"[{"_id":0,"airport":"JFK","connects":["BOS","ORD"]},{"_id":1,"airport":"BOS","connects":["JFK","PWM"]},
        {"_id":2,"airport":"ORD","connects":["JFK"]},{"_id":3,"airport":"PWM","connects":["BOS","LHR"]},{"_id":4,"airport":"LHR","connects":["PWM"]}]"#;
    Store::of(r#"[{"_id":1,"nearest":"JFK"}]"#).with("airports", airports).check(
        r#"[{"$graphLookup":{"from":"airports","startWith":"$nearest","connectFromField":"connects","connectToField":"airport","maxDepth":2,
            "depthField":"n","as":"d"}},{"$project":{"d.airport":1,"d.n":1}}]"#,
        r#"[{"_id":1,"d":[{"airport":"JFK","n":0},{"airport":"BOS","n":1},{"airport":"ORD","n":1},{"airport":"PWM","n":2}]}]"#,
    );
}

#[test]
fn graphs_are_bounded() {
    let stages = r#"[{"$limit":1},{"$graphLookup":{"from":"employees","startWith":"Dev","connectFromField":"name","connectToField":"reportsTo","as":"d"}}]"#;
    let context = Context { memory: 500, ..Context::default() };
    let error = Store::of(EMPLOYEES).with("employees", EMPLOYEES).run(&pipeline(stages).unwrap(), context).unwrap_err();
    assert_eq!(error.code().number(), 40099);
}

#[test]
fn what_graph_lookup_refuses() {
    let with = |more: &str| format!(r#"{{"from":"a","startWith":"$b","connectFromField":"c","connectToField":"d","as":"e"{more}}}"#);
    for (stage, number) in [
        ("1".to_owned(), 9),
        ("{}".to_owned(), 40105),
        (r#"{"from":1}"#.to_owned(), 40103),
        (with(r#","maxDepth":"x""#), 40100),
        (with(r#","maxDepth":-1"#), 40101),
        (with(r#","maxDepth":1.5"#), 40102),
        (with(r#","restrictSearchWithMatch":1"#), 40185),
        (with(r#","x":1"#), 40104),
    ] {
        refused(&format!(r#"[{{"$graphLookup":{stage}}}]"#), number);
    }
    assert!(pipeline(&format!(r#"[{{"$graphLookup":{}}}]"#, with(""))).is_ok());
}
