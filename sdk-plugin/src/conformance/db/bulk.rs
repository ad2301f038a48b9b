//! The operators' commands for documents in bulk: `dump` and `load`.

use serde_json::{Value, json};

use super::raw::{Field, document, split};
use super::same::same;
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;
use crate::contract::db::operations::{Dumped, LOAD_BYTES, PAGE_BYTES};
use crate::{Body, Bytes};

/// How large a body of a page may be: the page's own bound, and the document that takes it past that.
const LARGEST_PAGE: usize = PAGE_BYTES + (17 << 20);

async fn page(space: &Space, params: Value) -> (Dumped, Vec<Bytes>) {
    let failed = |what: &str| -> ! { panic!("dump answers BSON documents as its body, and where to go on\n  seen: {what} for {params}") };
    let reply = match space.admin().send("dump", params.clone(), None).await {
        Ok(reply) => reply,
        Err(error) => failed(&format!("{error:?}")),
    };
    let answer: Value = reply.decode().unwrap_or_default();
    let Ok(dumped) = serde_json::from_value::<Dumped>(answer["result"].clone()) else { failed(&cut(&answer)) };
    let body = match reply.body {
        Some(body) => body.collect(LARGEST_PAGE).await.unwrap_or_else(|error| failed(&format!("{error:?}"))),
        None => Bytes::new(),
    };
    let Some(documents) = split(body) else { failed("a body that is no BSON") };
    (dumped, documents)
}

/// All pages of a collection.
async fn dump(space: &Space, collection: &str, limit: u32) -> Vec<Bytes> {
    let (mut all, mut options) = (Vec::new(), json!({"limit": limit}));
    loop {
        let (dumped, documents) = page(space, json!({"collection": collection, "options": options})).await;
        require(documents.len() <= limit as usize, "a page has at most `limit` documents", documents.len());
        all.extend(documents);
        match dumped.next {
            Some(next) => options["after"] = next.into(),
            None => return all,
        }
    }
}

async fn load(space: &Space, params: Value, body: Vec<u8>) -> Value {
    match space.admin().send("load", params.clone(), Some(Body::full(body))).await {
        Ok(reply) => reply.decode().unwrap_or_default(),
        Err(error) => panic!("load has to succeed\n  params: {params}\n  answered: {error:?}"),
    }
}

pub(super) async fn a_dump_can_be_loaded(space: Space) {
    let ids = json!([1, 2.5, "a", "0123456789abcdef01234567", null, true, {"a": 1}, "2020-01-01T00:00:00.000Z", {"$minKey": 1}, {"$numberLong": "77"}]);
    let mut docs: Vec<Value> =
        ids.as_array().into_iter().flatten().map(|id| json!({"_id": id, "v": [id, {"$numberDecimal": "1.50"}]})).collect();
    docs.extend((100..150).map(|n| json!({"_id": n, "t": "é".repeat(n)})));
    space.fill(json!(docs)).await;
    let all = dump(&space, "c", 7).await;
    require(all.len() == docs.len(), "pages of a dump have every document once", all.len());
    let params = json!({"collection": "copy"});
    let answer = load(&space, params, all.concat()).await;
    let expected = json!({"affectedDocs": docs.len(), "result": {"writeErrors": []}});
    require(same(&expected, &answer), "load answers how many documents it inserted", cut(&answer));
    let copied = dump(&space, "copy", 1000).await;
    require(all == copied, "a dump that is loaded is the same bytes again, in the same order", format_args!("{} documents", copied.len()));
    let sorted = space.answer("aggregate", json!({"pipeline": [{"$sort": {"_id": 1}}]})).await;
    let again = space.answer("aggregate", json!({"collection": "copy", "pipeline": [{"$sort": {"_id": 1}}]})).await;
    require(same(&sorted, &again), "a dump that is loaded has the same answers", cut(&again));
    let (nothing, none) = page(&space, json!({"collection": "missing"})).await;
    require(nothing.next.is_none() && none.is_empty(), "a collection that is not there has an empty dump", none.len());
}

pub(super) async fn pages_are_bounded(space: Space) {
    for n in 0..3 {
        let docs: Vec<Value> = (0..4).map(|m| json!({"_id": n * 4 + m, "t": "x".repeat(1 << 20)})).collect();
        space.fill(json!(docs)).await;
    }
    let (dumped, documents) = page(&space, json!({})).await;
    let bytes: usize = documents.iter().map(Bytes::len).sum();
    let rule = "a page ends with the document that takes it past PAGE_BYTES";
    require(dumped.next.is_some() && (PAGE_BYTES..PAGE_BYTES + (2 << 20)).contains(&bytes), rule, bytes);
    space.answer("deleteMany", json!({"filter": {}})).await;
    space.fill(json!((0..1001).map(|n| json!({"_id": n})).collect::<Vec<_>>())).await;
    let (dumped, documents) = page(&space, json!({})).await;
    require(documents.len() == 1000 && dumped.next.is_some(), "a page has 1,000 documents unless it is said", documents.len());
    let options = json!({"after": dumped.next});
    let (dumped, documents) = page(&space, json!({"options": options})).await;
    require(documents.len() == 1 && dumped.next.is_none(), "the last page says no `next`", documents.len());
}

pub(super) async fn texts_stay_texts(space: Space) {
    let body =
        document(&[("_id", Field::Text("0123456789abcdef01234567")), ("at", Field::Text("2020-01-01T00:00:00.000Z")), ("n", Field::Null)]);
    let answer = load(&space, json!({}), body.clone()).await;
    require(answer["affectedDocs"] == 1, "load inserts a document", cut(&answer));
    let found = space.find(json!({"at": {"$type": "string"}, "n": null}), json!({})).await;
    require(found.len() == 1, "load takes no text for a date", json!(found));
    require(dump(&space, "c", 10).await == [Bytes::from(body)], "load takes no text for an ObjectId", "another document");
    let answer = load(&space, json!({}), document(&[("n", Field::Int(1))])).await;
    require(answer["affectedDocs"] == 1, "a document without _id gets one", cut(&answer));
    space
        .matches(
            json!({"n": 1, "_id": {"$type": "objectId"}}),
            json!(space.ids(json!({"n": 1}), json!({})).await),
            "a document without _id gets an ObjectId",
        )
        .await;
}

pub(super) async fn errors_are_told_by_place(space: Space) {
    space.fill(json!([{"_id": 2, "v": 2}])).await;
    space.index(json!({"key": {"v": 1}, "unique": true})).await;
    let body = |docs: &[(i32, i32)]| {
        docs.iter().flat_map(|(id, v)| document(&[("_id", Field::Int(*id)), ("v", Field::Int(*v))])).collect::<Vec<u8>>()
    };
    let documents = [(1, 1), (2, 9), (3, 2), (4, 4)];
    let answer = load(&space, json!({"options": {"ordered": false}}), body(&documents)).await;
    let places: Vec<&Value> = answer["result"]["writeErrors"].as_array().into_iter().flatten().collect();
    let met = answer["affectedDocs"] == 2
        && places.len() == 2
        && places.iter().zip([1, 2]).all(|(error, place)| error["index"] == place && error["code"] == 11000);
    require(met, "ordered: false stores what it can, and tells the others by their places with MongoDB's 11000", cut(&answer));
    space.holds(json!([{"_id": 1, "v": 1}, {"_id": 2, "v": 2}, {"_id": 4, "v": 4}]), "ordered: false stores what it can").await;
    let answer = load(&space, json!({}), body(&[(5, 5), (1, 7), (6, 6)])).await;
    let met =
        answer["affectedDocs"] == 1 && answer["result"]["writeErrors"][0]["index"] == 1 && answer["result"]["writeErrors"][1].is_null();
    require(met, "load is ordered unless it is said: it ends with the first error", cut(&answer));
    space
        .holds(json!([{"_id": 1, "v": 1}, {"_id": 2, "v": 2}, {"_id": 4, "v": 4}, {"_id": 5, "v": 5}]), "load is ordered unless it is said")
        .await;
}

pub(super) async fn refuses_what_is_no_bson(space: Space) {
    let good = document(&[("_id", Field::Int(1))]);
    let mut cut_off = good.clone();
    cut_off.extend_from_slice(&good[..5]);
    for body in [b"{\"_id\":1}\n".to_vec(), cut_off, vec![4, 0, 0, 0], vec![0xff; 64]] {
        let answered = space.admin().send("load", json!({}), Some(Body::full(body))).await;
        let refused = answered.as_ref().is_err_and(|error| error.code() == INVALID_PARAMS);
        require(refused, "a body that is not BSON documents, one after another, is refused", format_args!("{answered:?}"));
    }
    let large = Body::full(vec![0; LOAD_BYTES + 1]);
    let answered = space.admin().send("load", json!({}), Some(large)).await;
    require(answered.is_err(), "load takes at most LOAD_BYTES in one call", format_args!("{answered:?}"));
    space.holds(json!([]), "of a body that is refused nothing is stored").await;
}
