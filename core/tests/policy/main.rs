//! A policy never shows or changes a foreign document, and lets through what it allows: random
//! rules, users and commands, run through the policy and `mql`, against a model that knows nothing
//! of rewriting. The model runs the command as it was sent, on a database that holds the
//! documents only that the user may see.
//!
//! `POLICY_SEED` and `POLICY_CASES` choose what is run.

#![allow(clippy::unwrap_used, clippy::panic)]

mod generate;
mod store;

use std::collections::BTreeMap;

use generate::{COLLECTIONS, Command, Generator, Output, USERS};
use mpcloud::config;
use mpcloud::policy::{Access, Policy, Rule};
use mql::bson::{Bson, Document, doc};
use mql::json;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sdk_plugin::contract::db::EXECUTE;
use sdk_plugin::{Call, Caller, CallerKind};
use store::{Answer, Database, Spaces};

const SPACE: &str = "space";
const CASES: u64 = 30_000;
/// How many commands are run in a world.
const COMMANDS: u64 = 15;

/// Rules, documents and a user.
struct World {
    rules: BTreeMap<&'static str, Rule>,
    database: Database,
    user: &'static str,
}

fn owns(user: &str, doc: &Document) -> bool {
    let id = json::value(serde_json::Value::from(user).to_string().as_bytes()).unwrap();
    matches!(doc.get("auth"), Some(Bson::Document(auth)) if auth.get("userId") == Some(&id))
}

fn is_exact(doc: &Document) -> bool {
    matches!(doc.get("auth"), Some(Bson::Document(auth)) if auth.len() == 1)
}

impl World {
    fn own_auth(&self) -> Bson {
        json::value(format!(r#"{{"userId":"{}"}}"#, self.user).as_bytes()).unwrap()
    }

    /// Whether the user may see a document.
    fn shows(&self, collection: &str, doc: &Document) -> bool {
        match self.rules[collection].read {
            Access::All => true,
            Access::Owner => owns(self.user, doc),
            Access::Nobody => false,
        }
    }

    /// Whether the user may change a document.
    fn changes(&self, collection: &str, doc: &Document, whole: bool) -> bool {
        let rule = self.rules[collection];
        match rule.write {
            Access::Nobody => false,
            _ if rule.has_owner() => owns(self.user, doc) && (!whole || is_exact(doc)),
            _ => true,
        }
    }

    fn keep(&self, keep: impl Fn(&str, &Document) -> bool) -> Database {
        let mut database = self.database.clone();
        for (name, docs) in &mut database.collections {
            docs.retain(|doc| keep(name, doc));
        }
        database
    }

    /// What the command should do; none when it should be refused.
    fn expected(&self, command: &Command) -> Option<(Answer, Database)> {
        let rule = self.rules[command.collection];
        let readable = rule.read != Access::Nobody;
        let writable = rule.write != Access::Nobody;
        match command.name {
            "find" | "findOne" | "count" | "distinct" | "aggregate" => {
                let open = |name: &&str| self.rules[*name].read != Access::Nobody;
                let target = |output: &Output| self.rules[output.target].write == Access::All && !self.rules[output.target].has_owner();
                if !readable || !command.reads.iter().all(open) || !command.writes.iter().all(target) {
                    return None;
                }
                let mut seen = self.keep(|name, doc| self.shows(name, doc));
                if let Some(output) = &command.writes {
                    return self.written(command, output, seen);
                }
                let answer = seen.run(command.params.as_bytes()).ok()?;
                Some((answer, self.database.clone()))
            }
            "insertOne" | "insertMany" => {
                let mut database = self.database.clone();
                let answer = database.run(command.params.as_bytes()).ok().filter(|_| writable)?;
                Some((answer, self.marked(command.collection, database)))
            }
            _ => {
                if !writable || (command.name.starts_with("findOneAnd") && !readable) {
                    return None;
                }
                let mut own = self.keep(|name, doc| self.changes(name, doc, command.whole));
                let answer = own.run(command.params.as_bytes()).ok()?;
                let hidden = |doc: &&Document| !self.changes(command.collection, doc, command.whole);
                let hidden: Vec<Document> = self.database.collections[command.collection].iter().filter(hidden).cloned().collect();
                let docs = own.docs(command.collection);
                if hidden.iter().any(|doc| docs.iter().any(|new| new["_id"] == doc["_id"])) {
                    return None;
                }
                docs.extend(hidden);
                let changed = own.collections.remove(command.collection).unwrap();
                let mut database = Database { next: own.next, ..self.database.clone() };
                database.collections.insert(command.collection.to_owned(), changed);
                Some((answer, self.marked(command.collection, database)))
            }
        }
    }

    /// What `$out` and `$merge` do: what is read is seen only, what is written is whole.
    fn written(&self, command: &Command, output: &Output, mut seen: Database) -> Option<(Answer, Database)> {
        let params =
            |collection: &str, stages: &str| format!(r#"{{"command":"aggregate","collection":"{collection}","pipeline":{stages}}}"#);
        let Bson::Array(results) = seen.run(params(command.collection, &output.stages).as_bytes()).ok()?.result else { return None };
        let results: Vec<Document> = results.into_iter().filter_map(|result| result.as_document().cloned()).collect();
        let mut database = self.database.clone();
        database.collections.insert("results".to_owned(), results);
        let answer = database.run(params("results", &format!("[{}]", output.stage)).as_bytes()).ok()?;
        database.collections.remove("results");
        Some((answer, database))
    }

    /// A database in which `auth` is what it should be: that of before, and the user's on new documents.
    fn marked(&self, collection: &str, mut database: Database) -> Database {
        if self.rules[collection].has_owner() {
            for doc in database.docs(collection) {
                let before = self.database.collections[collection].iter().find(|before| before["_id"] == doc["_id"]);
                match before {
                    None => _ = doc.insert("auth", self.own_auth()),
                    Some(before) => match before.get("auth") {
                        Some(auth) => _ = doc.insert("auth", auth.clone()),
                        None => _ = doc.remove("auth"),
                    },
                }
            }
        }
        database
    }

    /// Checks what must hold whatever was sent.
    fn check_harmless(&self, command: &Command, reply: &str, after: &Database, shown: &str) {
        for (name, before) in &self.database.collections {
            let rule = self.rules[name.as_str()];
            let now = &after.collections[name];
            for doc in before {
                let same = now.iter().find(|now| now["_id"] == doc["_id"]);
                if !self.changes(name, doc, false) {
                    assert_eq!(same, Some(doc), "a foreign document of {name} was changed\n{shown}");
                }
                if let (true, Some(same)) = (rule.has_owner(), same) {
                    assert_eq!(same.get("auth"), doc.get("auth"), "`auth` of a document of {name} was changed\n{shown}");
                }
                let secret = doc.get_str("secret").unwrap();
                if !self.shows(name, doc) {
                    assert!(!reply.contains(secret), "a foreign document of {name} was shown\n{reply}\n{shown}");
                }
            }
            for new in now.iter().filter(|now| !before.iter().any(|doc| doc["_id"] == now["_id"])) {
                assert!(rule.write != Access::Nobody, "a document was added to {name}\n{shown}");
                if rule.has_owner() {
                    assert_eq!(new.get("auth"), Some(&self.own_auth()), "`auth` was forged in {name}\n{shown}");
                }
            }
        }
        let known = |name: &String| self.database.collections.contains_key(name);
        assert!(command.hostile || after.collections.keys().all(known), "a collection was made\n{shown}");
    }
}

/// Documents with `auth` in the same place, as its place is not promised.
fn sorted(mut database: Database) -> BTreeMap<String, Vec<Document>> {
    for docs in database.collections.values_mut() {
        for doc in docs.iter_mut() {
            if let Some(auth) = doc.remove("auth") {
                doc.insert("auth", auth);
            }
        }
        docs.sort_by(|a, b| mql::compare(&a["_id"], &b["_id"]));
    }
    database.collections
}

/// An answer with `auth` last in its documents.
fn tidy(value: Bson) -> Bson {
    match value {
        Bson::Document(doc) => {
            let mut doc: Document = doc.into_iter().map(|(name, value)| (name, tidy(value))).collect();
            if let Some(auth) = doc.remove("auth") {
                doc.insert("auth", auth);
            }
            Bson::Document(doc)
        }
        Bson::Array(items) => Bson::Array(items.into_iter().map(tidy).collect()),
        other => other,
    }
}

fn access(rng: &mut StdRng) -> Access {
    [Access::All, Access::Owner, Access::Owner, Access::Nobody][rng.random_range(0..4)]
}

/// A rule in one of the ways to write it.
fn written(rule: Rule, rng: &mut StdRng) -> String {
    match rng.random_range(0..3) {
        0 if rule.read == rule.write => format!(r#"{{"*":{}}}"#, rule.read),
        1 => format!(r#"{{"*":{},".write":{}}}"#, rule.read, rule.write),
        _ => rule.to_string(),
    }
}

#[derive(Default)]
struct Tally {
    allowed: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    attacks: u64,
}

async fn world(seed: u64, tally: &mut Tally) {
    let mut rng = StdRng::seed_from_u64(seed);
    let user = USERS[rng.random_range(0..USERS.len())];
    let mut database = Database::default();
    for name in COLLECTIONS {
        let docs = Generator { rng: &mut rng, user }.documents(name);
        database.collections.insert(name.to_owned(), docs);
    }
    let (data_read, data_write) = (rng.random_bool(0.5), rng.random_bool(0.5));
    let policy = Policy::new(config::Policy { data_read, data_write });
    let spaces = Spaces::default();
    let mut rules = BTreeMap::new();
    for name in COLLECTIONS {
        if rng.random_bool(0.1) {
            let access = |allowed| if allowed { Access::All } else { Access::Nobody };
            rules.insert(name, Rule { read: access(data_read), write: access(data_write) });
            continue;
        }
        let rule = Rule { read: access(&mut rng), write: access(&mut rng) };
        policy.set(&spaces, SPACE, name, &written(rule, &mut rng)).await.unwrap();
        rules.insert(name, rule);
    }
    let world = World { rules, database, user };
    for number in 0..COMMANDS {
        let hostile = rng.random_bool(0.4);
        let mut generator = Generator { rng: &mut rng, user };
        let command = if hostile { generator.attack() } else { generator.command() };
        let mut call = Call::new(SPACE, EXECUTE, command.params.clone());
        call.caller = Caller { user: user.to_owned(), ..Caller::of(CallerKind::Client) };
        let rewritten = policy.apply(&spaces, call).await;
        let sent = rewritten.as_ref().map(|call| String::from_utf8_lossy(&call.params).into_owned());
        let mut after = world.database.clone();
        let outcome = match &rewritten {
            Ok(call) => after.run(&call.params),
            Err(error) => Err(error.message().to_owned()),
        };
        let shown = format!(
            "seed {seed}, command {number}: POLICY_SEED={seed} POLICY_CASES={COMMANDS}\nuser {user}, rules {:?}\nasked {}\nsent {sent:?}\noutcome {outcome:?}\nbefore {:?}",
            world.rules, command.params, world.database.collections
        );
        let reply = match &outcome {
            Ok(answer) => json::to_string(&answer.result),
            Err(error) => error.clone(),
        };
        world.check_harmless(&command, &reply, &after, &shown);
        if hostile {
            tally.attacks += 1;
            continue;
        }
        match (world.expected(&command), outcome) {
            (None, Err(_)) => *tally.refused.entry(command.name).or_default() += 1,
            (Some((answer, database)), Ok(got)) => {
                *tally.allowed.entry(command.name).or_default() += 1;
                assert_eq!(got.affected, answer.affected, "{shown}");
                // A document that is answered after it was replaced has the auth that the model adds later.
                if !command.params.contains("returnNewDocument") {
                    assert_eq!(tidy(got.result), tidy(answer.result), "{shown}");
                }
                assert_eq!(sorted(after), sorted(database), "{shown}");
            }
            (expected, outcome) => panic!("expected {expected:?}, got {outcome:?}\n{shown}"),
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn no_foreign_document_is_shown_or_changed_and_what_is_allowed_works() {
    let seed = setting("POLICY_SEED").unwrap_or_else(|| rand::rng().random_range(0..1 << 40));
    let worlds = setting("POLICY_CASES").unwrap_or(CASES).div_ceil(COMMANDS);
    println!("POLICY_SEED={seed}");
    let mut tally = Tally::default();
    for world_seed in seed..seed + worlds {
        world(world_seed, &mut tally).await;
    }
    println!("allowed {:?}\nrefused {:?}\nattacks {}", tally.allowed, tally.refused, tally.attacks);
    if worlds > 1000 {
        assert!(tally.attacks > 5000);
        for (name, allowed) in &tally.allowed {
            assert!(*allowed > 100, "{name} was allowed only {allowed} times");
        }
        assert_eq!((tally.allowed.len(), tally.refused.len()), (15, 15), "every command was allowed and refused");
    }
}

#[test]
fn the_model_knows_whose_a_document_is() {
    assert!(owns("ann", &doc! {"auth": {"userId": "ann", "role": 1}}));
    for foreign in [doc! {}, doc! {"auth": "ann"}, doc! {"auth": [{"userId": "ann"}]}, doc! {"auth": {"userId": ["ann"]}}] {
        assert!(!owns("ann", &foreign));
    }
}
