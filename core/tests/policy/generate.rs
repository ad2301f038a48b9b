//! Random worlds and commands: what mini programs send, and what only attackers would.

use mql::bson::Document;
use mql::json;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// The collections. Every document refers to documents of all of them by `ref`.
pub const COLLECTIONS: [&str; 3] = ["c0", "c1", "c2"];
/// Users. Two differ in case only, and two have ids that other readers of JSON could take for
/// dates and ObjectIds.
pub const USERS: [&str; 5] = ["ann", "ANN", "bob", "2020-01-01T00:00:00.000Z", "0123456789abcdef01234567"];

/// A command as a mini program sends it.
pub struct Command {
    pub name: &'static str,
    pub collection: &'static str,
    pub params: String,
    /// Other collections that are read.
    pub reads: Vec<&'static str>,
    /// Where the results of a pipeline go, if they are not answered.
    pub writes: Option<Output>,
    /// Whether the update sets whole documents, `auth` included.
    pub whole: bool,
    /// Whether it is an attack: it must do no harm, and need not do anything else.
    pub hostile: bool,
}

/// A pipeline that ends with `$out` or `$merge`.
pub struct Output {
    /// The stages before that.
    pub stages: String,
    /// That stage.
    pub stage: String,
    pub target: &'static str,
}

pub struct Generator<'r> {
    pub rng: &'r mut StdRng,
    /// Who asks.
    pub user: &'static str,
}

impl Generator<'_> {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(self.rng).expect("there is one")
    }

    /// A user's id, most often that of the user who asks.
    fn id(&mut self) -> &'static str {
        if self.chance(60) { self.user } else { self.one(&USERS) }
    }

    fn number(&mut self) -> i32 {
        self.rng.random_range(0..7)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn auth(&mut self) -> String {
        let (a, b) = (self.id(), self.one(&USERS));
        match self.rng.random_range(0..16) {
            0..9 => format!(r#","auth":{{"userId":"{a}"}}"#),
            9 => format!(r#","auth":{{"userId":"{a}","role":1}}"#),
            10 => format!(r#","auth":[{{"userId":"{a}"}},{{"userId":"{b}"}}]"#),
            11 => format!(r#","auth":{{"userId":["{a}","{b}"]}}"#),
            12 => format!(r#","auth":"{a}""#),
            13 => r#","auth":{"userId":null}"#.to_owned(),
            14 => format!(r#","auth":{{"userId":{{"userId":"{a}"}}}}"#),
            _ => String::new(),
        }
    }

    /// The documents of a collection. `secret` is nowhere else.
    pub fn documents(&mut self, collection: &str) -> Vec<Document> {
        let count = self.rng.random_range(0..8);
        (0..count)
            .map(|id| {
                let (n, r, s, tag, auth) = (self.number(), self.number(), self.one(&["x", "y"]), self.number(), self.auth());
                let text = format!(
                    r#"{{"_id":{id},"n":{n},"ref":{r},"s":"{s}","tags":["t1","t{tag}"],"secret":"<{collection}-{id}>","place":[{n},{r}]{auth}}}"#
                );
                json::document(text.as_bytes()).expect("a document")
            })
            .collect()
    }

    fn filter(&mut self) -> String {
        let (a, b, user) = (self.number(), self.number(), self.id());
        match self.rng.random_range(0..15) {
            0 => "{}".to_owned(),
            1 => format!(r#"{{"n":{{"$gte":{a}}}}}"#),
            2 => r#"{"s":"x"}"#.to_owned(),
            3 => format!(r#"{{"_id":{a}}}"#),
            4 => format!(r#"{{"_id":{{"$in":[{a},{b}]}}}}"#),
            5 => format!(r#"{{"$or":[{{"n":{a}}},{{"ref":{b}}}]}}"#),
            6 => format!(r#"{{"tags":"t{a}"}}"#),
            7 => format!(r#"{{"$nor":[{{"n":{a}}},{{"s":"y"}}]}}"#),
            8 => format!(r#"{{"auth.userId":"{user}"}}"#),
            9 => format!(r#"{{"auth":{{"userId":"{user}"}}}}"#),
            10 => r#"{"secret":{"$regex":"^<c"}}"#.to_owned(),
            11 => format!(r#"{{"$and":[{{"n":{{"$lt":{a}}}}},{{"s":{{"$ne":"x"}}}}]}}"#),
            12 => format!(r#"{{"$expr":{{"$gt":["$n",{a}]}}}}"#),
            // It fails on some documents, which tells of them.
            13 => format!(r#"{{"$expr":{{"$gt":[{{"$divide":[1,"$n"]}},{a}]}}}}"#),
            _ => format!(r#"{{"_id":{},"s":"x"}}"#, a + 10),
        }
    }

    fn update(&mut self) -> (String, bool, &'static str) {
        let (a, user) = (self.number(), self.one(&USERS));
        let plain = match self.rng.random_range(0..18) {
            0 => format!(r#"{{"$set":{{"n":{a}}}}}"#),
            1 => r#"{"$inc":{"n":1}}"#.to_owned(),
            2 => format!(r#"{{"$push":{{"tags":"t{a}"}}}}"#),
            3 => r#"{"$unset":{"s":1}}"#.to_owned(),
            4 => r#"{"$rename":{"s":"r"}}"#.to_owned(),
            5 => format!(r#"{{"$setOnInsert":{{"z":{a}}},"$set":{{"author.x":1}}}}"#),
            6 => return (r#"{"$set":{"tags.$[t]":"z"}}"#.to_owned(), false, r#""arrayFilters":[{"t":"t1"}]"#),
            7 => format!(r#"{{"$max":{{"n":{a}}},"$addToSet":{{"tags":"t9"}}}}"#),
            8 => format!(r#"{{"$pull":{{"tags":"t{a}"}},"$mul":{{"ref":2}}}}"#),
            9 => r#"{"$set":{"x.auth":1,"authority":2}}"#.to_owned(),
            10 => return (r#"[{"$set":{"n":{"$add":["$n",1]}}}]"#.to_owned(), true, ""),
            11 => return (r#"[{"$replaceWith":{"_id":"$_id","only":"$n"}}]"#.to_owned(), true, ""),
            12 => return (r#"[{"$project":{"n":1}}]"#.to_owned(), true, ""),
            13 => return (r#"[{"$unset":["auth","s"]}]"#.to_owned(), true, ""),
            14 => return (format!(r#"[{{"$set":{{"auth":{{"userId":"{user}","role":2}}}}}}]"#), true, ""),
            15 => return (format!(r#"[{{"$addFields":{{"auth.userId":"{user}","auth.more":1}}}}]"#), true, ""),
            16 => r#"{"$set":{"tags.$":"p"}}"#.to_owned(),
            _ => r#"{"$bit":{"n":{"or":8}},"$pop":{"tags":1}}"#.to_owned(),
        };
        (plain, false, "")
    }

    fn new_document(&mut self) -> String {
        let (id, n, auth) = (self.rng.random_range(0..14), self.number(), self.auth());
        match self.rng.random_range(0..3) {
            0 => format!(r#"{{"n":{n}{auth}}}"#),
            1 => format!(r#"{{"_id":{id},"n":{n}}}"#),
            _ => format!(r#"{{"_id":{id},"s":"x"{auth}}}"#),
        }
    }

    fn options(&mut self, more: &[&str]) -> String {
        let given: Vec<&str> = more.iter().copied().filter(|option| !option.is_empty()).collect();
        format!("{{{}}}", given.join(","))
    }

    /// A pipeline, with the collections that it reads beside its own.
    fn pipeline(&mut self, depth: u32) -> (String, Vec<&'static str>) {
        let (mut stages, mut reads) = (Vec::new(), Vec::new());
        for position in 0..self.rng.random_range(0..4) {
            let (a, other) = (self.number(), self.one(&COLLECTIONS));
            stages.push(match self.rng.random_range(0..15) {
                0 | 1 => format!(r#"{{"$match":{}}}"#, self.filter()),
                2 => r#"{"$sort":{"n":-1,"_id":1}}"#.to_owned(),
                3 => format!(r#"{{"$limit":{}}}"#, a + 1),
                4 => r#"{"$group":{"_id":"$s","all":{"$push":"$$ROOT"},"sum":{"$sum":"$n"}}}"#.to_owned(),
                5 => r#"{"$project":{"secret":1,"n":1,"ref":1}}"#.to_owned(),
                6 => r#"{"$unwind":"$tags"}"#.to_owned(),
                7 | 8 => {
                    reads.push(other);
                    format!(r#"{{"$lookup":{{"from":"{other}","localField":"ref","foreignField":"_id","as":"joined{position}"}}}}"#)
                }
                9 if depth < 3 => {
                    let (inner, more) = self.pipeline(depth + 1);
                    reads.push(other);
                    reads.extend(more);
                    format!(r#"{{"$lookup":{{"from":"{other}","let":{{"r":"$ref"}},"pipeline":{inner},"as":"inner.all"}}}}"#)
                }
                10 => {
                    reads.push(other);
                    let restrict = if self.chance(50) { format!(r#","restrictSearchWithMatch":{}"#, self.filter()) } else { String::new() };
                    format!(
                        r#"{{"$graphLookup":{{"from":"{other}","startWith":"$ref","connectFromField":"ref","connectToField":"_id","as":"graph"{restrict}}}}}"#
                    )
                }
                11 if depth == 0 => {
                    let (one, more) = self.pipeline(3);
                    reads.extend(more);
                    if one == "[]" || one.contains("$geoNear") { r#"{"$skip":1}"#.to_owned() } else { format!(r#"{{"$facet":{{"one":{one},"two":[{{"$count":"n"}}]}}}}"#) }
                }
                12 if position == 0 && depth == 0 => {
                    format!(r#"{{"$geoNear":{{"near":[{a},1],"distanceField":"d","key":"place","query":{}}}}}"#, self.filter())
                }
                13 => r#"{"$addFields":{"d":{"$divide":[1,"$n"]}}}"#.to_owned(),
                _ => r#"{"$addFields":{"copy":"$secret"}}"#.to_owned(),
            });
        }
        (format!("[{}]", stages.join(",")), reads)
    }

    /// Something that an honest mini program could send.
    pub fn command(&mut self) -> Command {
        let collection = self.one(&COLLECTIONS);
        let name = self.one(&[
            "find",
            "findOne",
            "count",
            "distinct",
            "insertOne",
            "insertMany",
            "updateOne",
            "updateMany",
            "replaceOne",
            "deleteOne",
            "deleteMany",
            "findOneAndUpdate",
            "findOneAndReplace",
            "findOneAndDelete",
            "aggregate",
            "aggregate",
            "aggregate",
        ]);
        let (mut reads, mut writes, mut whole) = (Vec::new(), None, false);
        let upsert = if self.chance(40) { r#""upsert":true"# } else { "" };
        let after = if self.chance(50) { r#""returnNewDocument":true"# } else { "" };
        let arguments = match name {
            "find" | "findOne" | "count" => {
                let sort = if self.chance(50) { r#""sort":{"n":1,"_id":-1}"# } else { "" };
                let limit = if self.chance(30) { r#""limit":2,"skip":1"# } else { "" };
                let projection = if self.chance(20) { r#""projection":{"secret":1}"# } else { "" };
                format!(r#""query":{},"options":{}"#, self.filter(), self.options(&[sort, limit, projection]))
            }
            "distinct" => format!(r#""key":"{}","query":{}"#, self.one(&["secret", "n", "tags", "auth.userId"]), self.filter()),
            "insertOne" => format!(r#""doc":{}"#, self.new_document()),
            "insertMany" => format!(r#""docs":[{},{}]"#, self.new_document(), self.new_document()),
            "replaceOne" => {
                whole = true;
                format!(r#""filter":{},"doc":{},"options":{}"#, self.filter(), self.new_document(), self.options(&[upsert]))
            }
            "findOneAndReplace" => {
                whole = true;
                format!(r#""filter":{},"replacement":{},"options":{}"#, self.filter(), self.new_document(), self.options(&[upsert, after]))
            }
            "updateOne" | "updateMany" | "findOneAndUpdate" => {
                let (update, sets_whole, option) = self.update();
                whole = sets_whole;
                format!(r#""filter":{},"update":{update},"options":{}"#, self.filter(), self.options(&[upsert, after, option]))
            }
            "aggregate" => {
                let (pipeline, found) = self.pipeline(0);
                reads = found;
                if self.chance(10) {
                    let (stage, target) = (self.one(&["$out", "$merge"]), self.one(&COLLECTIONS));
                    writes = Some(Output { stages: pipeline.clone(), stage: format!(r#"{{"{stage}":"{target}"}}"#), target });
                }
                let pipeline = match &writes {
                    Some(Output { stage, .. }) if pipeline == "[]" => format!("[{stage}]"),
                    Some(Output { stage, .. }) => format!("{},{stage}]", &pipeline[..pipeline.len() - 1]),
                    None => pipeline,
                };
                format!(r#""pipeline":{pipeline}"#)
            }
            _ => format!(r#""filter":{}"#, self.filter()),
        };
        let params = format!(r#"{{"collection":"{collection}","command":"{name}",{arguments}}}"#);
        Command { name, collection, params, reads, writes, whole, hostile: false }
    }

    /// Something that only an attacker would send.
    pub fn attack(&mut self) -> Command {
        let (collection, other, a) = (self.one(&COLLECTIONS), self.one(&COLLECTIONS), self.number());
        let (user, filter) = (self.one(&USERS), self.filter());
        let forged = format!(r#"{{"userId":"{user}"}}"#);
        let update = match self.rng.random_range(0..16) {
            0 => format!(r#"{{"$set":{{"auth":{forged}}}}}"#),
            1 => format!(r#"{{"$set":{{"n":1,"auth.userId":"{user}"}}}}"#),
            2 => r#"{"$unset":{"auth":1}}"#.to_owned(),
            3 => r#"{"$rename":{"auth":"was"}}"#.to_owned(),
            4 => r#"{"$rename":{"s":"auth"}}"#.to_owned(),
            5 => r#"{"$rename":{"s":"auth.userId"}}"#.to_owned(),
            6 => format!(r#"{{"$setOnInsert":{{"auth":{forged}}},"$set":{{"n":2}}}}"#),
            7 => format!(r#"{{"$push":{{"auth.userId":"{user}"}}}}"#),
            8 => r#"{"$currentDate":{"auth":true}}"#.to_owned(),
            9 => format!(r#"{{"$set":{{"n":1}},"$set":{{"auth":{forged}}}}}"#),
            10 => format!(r#"{{"$set":{{"\u0061uth":{forged}}}}}"#),
            11 => format!(r#"{{"$set":{{"auth.$[]":1,"auth.0.userId":"{user}"}}}}"#),
            12 => format!(r#"{{"auth":{forged},"$set":{{"n":1}}}}"#),
            13 => format!(r#"{{"$set":{{"n":1}},"auth":{forged}}}"#),
            14 => format!(r#"[{{"$replaceWith":{{"auth":{forged}}}}},{{"$set":{{"auth":{forged}}}}}]"#),
            _ => r#"[{"$set":{"auth":[{"userId":"ann"},{"userId":"bob"}]}}]"#.to_owned(),
        };
        let stage = match self.rng.random_range(0..14) {
            0 => format!(r#"{{"$out":"{other}"}}"#),
            1 => format!(r#"{{"$addFields":{{"auth":{forged}}}}},{{"$merge":"{other}"}}"#),
            2 => format!(r#"{{"$merge":{{"into":{{"coll":"{other}"}},"whenMatched":[{{"$set":{{"auth":{forged}}}}}]}}}}"#),
            3 => format!(r#"{{"$lookup":{{"from":"{other}","localField":"x","foreignField":"y","as":"auth"}}}}"#),
            4 => format!(r#"{{"$lookup":{{"from":"{other}","localField":"x","foreignField":"y","as":"a.b"}}}},{{"$unwind":"$a.b"}}"#),
            5 => format!(r#"{{"$lookup":{{"from":"{other}","localField":"ref","foreignField":"_id","as":"ROOT"}}}},{{"$unwind":"$ROOT"}}"#),
            6 => format!(r#"{{"$lookup":{{"from":"none","from":"{other}","localField":"x","foreignField":"y","as":"a"}}}}"#),
            7 => format!(r#"{{"$facet":{{"a":[{{"$lookup":{{"from":"{other}","pipeline":[],"as":"z"}}}}]}}}}"#),
            8 => format!(r#"{{"$facet":{{"a":[{{"$facet":{{"b":[{{"$lookup":{{"from":"{other}","as":"z","pipeline":[]}}}}]}}}}]}}}}"#),
            9 => format!(r#"{{"$match":{{}},"$lookup":{{"from":"{other}","pipeline":[],"as":"z"}}}}"#),
            10 => format!(r#"{{"$unionWith":"{other}"}}"#),
            11 => format!(
                r#"{{"$graphLookup":{{"from":"{other}","startWith":"$n","connectFromField":"n","connectToField":"n","as":"g","restrictSearchWithMatch":{{"$or":[{{}},{filter}]}}}}}}"#
            ),
            12 => r#"{"$collStats":{"count":{}}}"#.to_owned(),
            _ => format!(
                r#"{{"\u0024lookup":{{"fr\u006fm":"{other}","pipeline":[{{"$lookup":{{"from":"{collection}","pipeline":[],"as":"y"}}}}],"as":"z"}}}}"#
            ),
        };
        let doc = match self.rng.random_range(0..5) {
            0 => format!(r#"{{"_id":{a},"auth":{forged}}}"#),
            1 => format!(r#"{{"_id":{},"auth.userId":"{user}"}}"#, a + 10),
            2 => format!(r#"{{"_id":{},"\u0061uth":{forged},"auth":{forged}}}"#, a + 10),
            3 => format!(r#"{{"_id":{},"auth":[{forged}]}}"#, a + 10),
            _ => format!(r#"{{"$set":{{"auth":{forged}}}}}"#),
        };
        let (name, rest) = match self.rng.random_range(0..19) {
            0..3 => ("updateOne", format!(r#""filter":{filter},"update":{update},"options":{{"upsert":true}}"#)),
            3 | 4 => ("updateMany", format!(r#""filter":{{}},"update":{update}"#)),
            5 => ("findOneAndUpdate", format!(r#""filter":{filter},"update":{update},"options":{{"returnNewDocument":true}}"#)),
            6..10 => ("aggregate", format!(r#""pipeline":[{stage}]"#)),
            10 => ("insertOne", format!(r#""doc":{doc}"#)),
            11 => ("insertMany", format!(r#""docs":[{doc},{doc}]"#)),
            12 => ("replaceOne", format!(r#""filter":{{"_id":{a}}},"doc":{doc},"options":{{"upsert":true}}"#)),
            13 => ("findOneAndReplace", format!(r#""filter":{filter},"replacement":{doc},"options":{{"upsert":true}}"#)),
            14 => ("replaceOne", format!(r#""filter":{filter},"doc":{{}},"replacement":{update}"#)),
            15 => ("find", format!(r#""query":{filter},"options":{{"collation":{{"locale":"en","strength":1}}}}"#)),
            16 => ("find", format!(r#""command":"deleteMany","filter":{filter},"query":{{}}"#)),
            17 => ("find", format!(r#""collection":"{other}","query":{{}}"#)),
            _ => ("find", format!(r#""query":{{"$or":[{{}},{filter}]}},"query":{{}},"options":{{"explain":true}}"#)),
        };
        let params = format!(r#"{{"collection":"{collection}","command":"{name}",{rest}}}"#);
        Command { name, collection, params, reads: Vec::new(), writes: None, whole: false, hostile: true }
    }
}
