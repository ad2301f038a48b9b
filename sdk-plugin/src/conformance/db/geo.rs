//! Geospatial queries and indexes (manual 3.10.6).

use serde_json::{Value, json};

use super::same::same;
use super::space::{Space, cut, require};
use crate::codes::INVALID_PARAMS;

/// The radius that MongoDB takes the earth to have, in metres.
const EARTH: f64 = 6_378_100.0;

/// Places on the equator and a meridian, with their distances from 0, 0.
async fn places(space: &Space) {
    let point = |id: &str, longitude: f64, latitude: f64| json!({"_id": id, "at": {"type": "Point", "coordinates": [longitude, latitude]}});
    space
        .fill(json!([
            point("here", 0.0, 0.0),
            point("near", 0.01, 0.0),
            point("north", 0.0, 1.0),
            point("east", 10.0, 0.0),
            point("far", 179.0, 0.0),
            {"_id": "line", "at": {"type": "LineString", "coordinates": [[20, 20], [21, 21]]}},
            {"_id": "area", "at": {"type": "Polygon", "coordinates": [[[30, 30], [31, 30], [31, 31], [30, 31], [30, 30]]]}},
            {"_id": "nowhere"},
        ]))
        .await;
    space.admin().answer("createIndex", json!({"field": {"at": "2dsphere"}, "options": {"name": "at_2dsphere"}})).await;
}

fn metres(degrees: f64) -> f64 {
    degrees.to_radians() * EARTH
}

fn origin() -> Value {
    json!({"type": "Point", "coordinates": [0, 0]})
}

pub(super) async fn near_sphere(space: Space) {
    places(&space).await;
    let near = |bounds: Value| {
        let mut near = json!({"$geometry": origin()});
        for (name, value) in bounds.as_object().into_iter().flatten() {
            near[name.as_str()] = value.clone();
        }
        json!({"at": {"$nearSphere": near}})
    };
    for (bounds, expected) in [
        (json!({}), json!(["here", "near", "north", "east", "line", "area", "far"])),
        (json!({"$maxDistance": metres(1.0) + 10.0}), json!(["here", "near", "north"])),
        (json!({"$minDistance": 10}), json!(["near", "north", "east", "line", "area", "far"])),
        (json!({"$minDistance": metres(0.5), "$maxDistance": metres(11.0)}), json!(["north", "east"])),
        (json!({"$maxDistance": 0}), json!(["here"])),
    ] {
        let found = json!(space.ids(near(bounds.clone()), json!({})).await);
        let rule = "$nearSphere answers the nearest first, between the bounds in metres, and leaves out what has no place";
        require(same(&expected, &found), rule, format_args!("{found} instead of {expected} with {bounds}"));
    }
    let found = json!(space.ids(near(json!({})), json!({"limit": 2, "skip": 1})).await);
    require(same(&json!(["near", "north"]), &found), "limit and skip count the nearest first", found);
    let mut query = near(json!({}));
    query["_id"] = json!({"$in": ["east", "near"]});
    let found = json!(space.ids(query, json!({})).await);
    require(same(&json!(["near", "east"]), &found), "further conditions of the filter count", found);
    let found = json!(space.ids(near(json!({"$maxDistance": metres(2.0)})), json!({"sort": {"_id": -1}})).await);
    require(same(&json!(["north", "near", "here"]), &found), "an order that is asked for comes before nearness", found);
}

pub(super) async fn near_needs_an_index(space: Space) {
    space.fill(json!([{"_id": 1, "at": origin()}])).await;
    let query = json!({"at": {"$nearSphere": {"$geometry": origin()}}});
    let rule = "$nearSphere fails without a geospatial index on the field (manual 3.10.6)";
    space.refuses("find", json!({"query": query}), INVALID_PARAMS, rule).await;
    let near = json!({"near": origin(), "spherical": true, "distanceField": "d"});
    let rule = "$geoNear fails without a geospatial index (manual 3.10.6)";
    space.refuses("aggregate", json!({"pipeline": [{"$geoNear": near}]}), INVALID_PARAMS, rule).await;
}

pub(super) async fn within(space: Space) {
    places(&space).await;
    let square = |from: f64, to: f64| json!([[[from, from], [to, from], [to, to], [from, to], [from, from]]]);
    for (area, expected) in [
        (json!({"$geometry": {"type": "Polygon", "coordinates": square(-2.0, 2.0)}}), json!(["here", "near", "north"])),
        (
            json!({"$geometry": {"type": "MultiPolygon", "coordinates": [square(-0.5, 0.5), square(19.0, 22.0)]}}),
            json!(["here", "line", "near"]),
        ),
        (json!({"$geometry": {"type": "Polygon", "coordinates": square(20.5, 40.0)}}), json!(["area"])),
        (json!({"$centerSphere": [[0, 0], 1.5_f64.to_radians()]}), json!(["here", "near", "north"])),
        (json!({"$centerSphere": [[10, 0], 100.0 / 6378.1]}), json!(["east"])),
        (json!({"$geometry": {"type": "Polygon", "coordinates": square(50.0, 51.0)}}), json!([])),
    ] {
        space
            .matches(
                json!({"at": {"$geoWithin": area}}),
                expected,
                "$geoWithin matches what lies wholly in a Polygon, MultiPolygon or circle",
            )
            .await;
    }
    space.admin().answer("dropIndexes", json!({"index": "*"})).await;
    let query = json!({"at": {"$geoWithin": {"$geometry": {"type": "Polygon", "coordinates": square(-2.0, 2.0)}}}});
    space.matches(query, json!(["here", "near", "north"]), "$geoWithin needs no index").await;
}

pub(super) async fn intersects(space: Space) {
    places(&space).await;
    for (geometry, expected) in [
        (json!({"type": "Point", "coordinates": [30.5, 30.5]}), json!(["area"])),
        (json!({"type": "Polygon", "coordinates": [[[20.5, 20], [35, 20], [35, 35], [20.5, 35], [20.5, 20]]]}), json!(["area", "line"])),
        (json!({"type": "LineString", "coordinates": [[29, 30.5], [32, 30.5]]}), json!(["area"])),
        (json!({"type": "MultiPoint", "coordinates": [[0, 0], [10, 0]]}), json!(["east", "here"])),
        (json!({"type": "Point", "coordinates": [50, 50]}), json!([])),
    ] {
        let query = json!({"at": {"$geoIntersects": {"$geometry": geometry}}});
        space.matches(query, expected, "$geoIntersects matches what has a point in common").await;
    }
}

pub(super) async fn geo_near(space: Space) {
    places(&space).await;
    let near = json!({"near": origin(), "spherical": true, "distanceField": "d.m", "maxDistance": metres(20.0), "includeLocs": "loc", "key": "at"});
    let answer = space.answer("aggregate", json!({"pipeline": [{"$geoNear": near}]})).await;
    let found: Vec<&Value> = answer["result"].as_array().into_iter().flatten().collect();
    let ids = found.iter().map(|document| &document["_id"]).collect::<Vec<_>>();
    require(
        same(&json!(["here", "near", "north", "east"]), &json!(ids)),
        "$geoNear answers the nearest first, up to maxDistance",
        cut(&answer),
    );
    for (place, degrees) in [(0, 0.0), (1, 0.01), (2, 1.0), (3, 10.0)] {
        let distance = found.get(place).and_then(|document| document["d"]["m"].as_f64()).unwrap_or(f64::NAN);
        let exact = (distance - metres(degrees)).abs() <= metres(degrees) / 1000.0 + 0.01;
        let rule = "distanceField is in metres, and agrees with MongoDB's to 0.1 %";
        require(exact, rule, format_args!("{distance} instead of {}", metres(degrees)));
    }
    require(found.first().is_some_and(|here| same(&origin(), &here["loc"])), "includeLocs names the place that was measured", cut(&answer));
    let near = json!({"near": origin(), "spherical": true, "distanceField": "d", "query": {"_id": {"$ne": "here"}}, "distanceMultiplier": 0.001, "minDistance": 1});
    let pipeline = json!([{"$geoNear": near}, {"$limit": 1}, {"$project": {"d": 1}}]);
    let answer = space.answer("aggregate", json!({"pipeline": pipeline})).await;
    let kilometres = answer["result"][0]["d"].as_f64().unwrap_or(f64::NAN);
    let met = answer["result"][0]["_id"] == "near" && (kilometres - metres(0.01) / 1000.0).abs() < 0.002;
    require(met, "query leaves out documents, distanceMultiplier multiplies distances", cut(&answer));
    for pipeline in [
        json!([{"$match": {}}, {"$geoNear": {"near": origin(), "spherical": true, "distanceField": "d"}}]),
        json!([{"$geoNear": {"near": origin(), "spherical": true}}]),
        json!([{"$geoNear": {"near": origin(), "spherical": true, "distanceField": "d", "query": {"at": {"$nearSphere": {"$geometry": origin()}}}}}]),
        json!([{"$geoNear": {"near": origin(), "spherical": true, "distanceField": "d", "key": "other"}}]),
    ] {
        let rule = "$geoNear comes first, needs distanceField and an index on `key`, and takes no $nearSphere in `query`";
        space.refuses("aggregate", json!({"pipeline": pipeline}), INVALID_PARAMS, rule).await;
    }
}

pub(super) async fn an_indexed_field_holds_only_places(space: Space) {
    places(&space).await;
    for wrong in [
        json!("here"),
        json!(5),
        json!({"type": "Point"}),
        json!({"type": "Circle", "coordinates": [0, 0]}),
        json!({"type": "Point", "coordinates": [0, 95]}),
        json!({"type": "LineString", "coordinates": [[0, 0]]}),
        json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}),
    ] {
        let rule = "a field with a 2dsphere index holds only places (manual 3.10.6)";
        space.refuses("insertOne", json!({"doc": {"at": wrong}}), INVALID_PARAMS, rule).await;
        space.refuses("updateOne", json!({"filter": {"_id": "here"}, "update": {"$set": {"at": wrong}}}), INVALID_PARAMS, rule).await;
    }
    let geometries = [
        json!({"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]}),
        json!({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}),
        json!({"type": "MultiPolygon", "coordinates": [[[[0, 0], [3, 6], [6, 1], [0, 0]]]]}),
    ];
    for geometry in geometries {
        space
            .includes("insertOne", json!({"doc": {"at": geometry}}), json!({"affectedDocs": 1}), "all six types of GeoJSON are places")
            .await;
    }
    space.answer("insertOne", json!({"collection": "other", "doc": {"at": "nothing"}})).await;
    let params = json!({"collection": "other", "indexes": [{"key": {"at": "2dsphere"}}]});
    space.admin().refuses("createIndexes", params, INVALID_PARAMS, "a 2dsphere index cannot be made over what is no place").await;
}
