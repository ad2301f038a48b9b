//! The commands of mini programs, as a collection's rule lets them through.

use std::collections::HashMap;

use sdk_plugin::{Error, Result, codes};

use super::aggregate::{Input, Reader};
use super::change::{self, Update};
use super::object::{Object, is_object};
use super::owner::Owner;
use super::pipeline::{self, Stage};
use super::rule::{Access, Rule};

/// How long a collection's name may be, in bytes. MongoDB's own limit.
const MAX_COLLECTION: usize = 120;

/// Options that the owner's rules leave as they are. All others are left out, so that none that a
/// database knows beside reads around a rule; `collation` and `explain` are looked at.
const OPTIONS: [&str; 14] = [
    "limit",
    "skip",
    "sort",
    "projection",
    "hint",
    "maxTimeMS",
    "upsert",
    "arrayFilters",
    "returnNewDocument",
    "returnDocument",
    "ordered",
    "allowDiskUse",
    "let",
    "batchSize",
];

/// What a command does with documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Insert,
    /// It changes or removes what a filter finds.
    Change,
    /// It also answers the document, so that writing alone must not be enough to read it.
    ReadAndChange,
    Aggregate,
}

impl Kind {
    /// That of a command, and its arguments. A command that is not known is refused, so that a
    /// new one is no hole.
    fn of(command: &str) -> Option<(Self, &'static [&'static str])> {
        Some(match command {
            "find" | "findOne" | "count" => (Self::Read, &["query"]),
            "distinct" => (Self::Read, &["key", "query"]),
            "insertOne" => (Self::Insert, &["doc"]),
            "insertMany" => (Self::Insert, &["docs"]),
            "updateOne" | "updateMany" => (Self::Change, &["filter", "update"]),
            "replaceOne" => (Self::Change, &["filter", "doc", "replacement"]),
            "deleteOne" | "deleteMany" => (Self::Change, &["filter"]),
            "findOneAndUpdate" => (Self::ReadAndChange, &["filter", "update"]),
            "findOneAndReplace" => (Self::ReadAndChange, &["filter", "doc", "replacement"]),
            "findOneAndDelete" => (Self::ReadAndChange, &["filter"]),
            "aggregate" => (Self::Aggregate, &["pipeline"]),
            _ => return None,
        })
    }
}

/// A command of a mini program.
pub struct Command<'a> {
    kind: Kind,
    arguments: &'static [&'static str],
    name: String,
    /// The collection that it works on.
    pub collection: String,
    params: Object<'a>,
}

impl<'a> Command<'a> {
    /// Reads the params of a call.
    ///
    /// # Errors
    /// `InvalidParams.Format` for what is no command; `InvalidParameter.PermissionDenied` for a
    /// command that is not for mini programs.
    pub fn parse(params: &'a str) -> Result<Self> {
        let params = Object::open("params of a database call", params)?;
        let name = params.string("command").ok_or_else(|| Error::invalid_params("params of a database call need a `command`"))?;
        let Some((kind, arguments)) = Kind::of(&name) else {
            return Err(refused(&name));
        };
        let collection = params.string("collection").ok_or_else(|| Error::invalid_params("collection is missing"))?;
        check_collection(&collection)?;
        if params.get("transactionId").is_some() {
            let message = "transactions are for cloud functions; a mini program cannot use them";
            return Err(Error::new(codes::PERMISSION_DENIED, message));
        }
        Ok(Self { kind, arguments, name, collection, params })
    }

    /// The stages of `aggregate`; none for other commands.
    ///
    /// # Errors
    /// As [`pipeline::parse`].
    pub fn stages(&self) -> Result<Option<Vec<Stage<'_>>>> {
        if self.kind != Kind::Aggregate {
            return Ok(None);
        }
        let text = self.params.get("pipeline").ok_or_else(|| Error::invalid_params("pipeline must be an array"))?;
        pipeline::parse(text).map(Some)
    }

    /// The params that the database gets, where a rule changes them; none when they may stay as
    /// they are.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` when the rule refuses the command.
    pub fn restrict(self, rule: Rule, user: &str) -> Result<Option<String>> {
        let allowed = match self.kind {
            Kind::Read | Kind::Aggregate => rule.read != Access::Nobody,
            Kind::Insert | Kind::Change => rule.write != Access::Nobody,
            Kind::ReadAndChange => rule.read != Access::Nobody && rule.write != Access::Nobody,
        };
        if !allowed {
            return Err(refused(&self.name));
        }
        // How many documents an update finds tells what is in them, so that it finds only what
        // may be read.
        let owned = if self.kind == Kind::Read { rule.read == Access::Owner } else { rule.has_owner() };
        if !owned {
            return Ok(None);
        }
        self.owned(&Owner::of(user)?).map(Some)
    }

    /// As [`restrict`](Self::restrict), for the stages of `aggregate` and the rules of all
    /// collections in them.
    ///
    /// # Errors
    /// As [`restrict`](Self::restrict).
    pub fn restrict_stages(&self, stages: &[Stage<'_>], rules: &HashMap<String, Rule>, user: &str) -> Result<Option<String>> {
        let mut reader = Reader { rules, user, restricted: false };
        let pipeline = reader.pipeline(stages, Input::Collection(&self.collection))?;
        if !reader.restricted {
            return Ok(None);
        }
        let mut params = self.params.clone();
        params.retain(|name| matches!(name, "command" | "collection" | "pipeline"));
        params.set("options", options(&self.params)?.to_string());
        params.set("pipeline", pipeline);
        Ok(Some(params.to_string()))
    }

    fn owned(mut self, owner: &Owner) -> Result<String> {
        let options = options(&self.params)?;
        let upsert = options.get("upsert").is_some_and(|upsert| upsert != "false");
        let (options, arguments) = (options.to_string(), self.arguments);
        self.params.retain(|name| matches!(name, "command" | "collection") || arguments.contains(&name));
        self.params.set("options", options);
        match self.name.as_str() {
            "insertOne" => self.replace("doc", |doc| change::document("doc", doc, owner))?,
            "insertMany" => self.replace("docs", |docs| change::documents(docs, owner))?,
            "updateOne" | "updateMany" | "findOneAndUpdate" => {
                self.changed("update", owner, upsert, |update| change::update(update, upsert, owner))?;
            }
            "replaceOne" | "findOneAndReplace" => {
                let argument = match (self.params.get("doc"), self.params.get("replacement")) {
                    (Some(_), Some(_)) => return Err(Error::invalid_params("a command has either `doc` or `replacement`")),
                    (_, Some(_)) => "replacement",
                    _ => "doc",
                };
                self.changed(argument, owner, upsert, |new| match argument {
                    "doc" => change::document("doc", new, owner).map(Update::Whole),
                    _ => change::replacement(new, upsert, owner),
                })?;
            }
            "deleteOne" | "deleteMany" | "findOneAndDelete" => {
                let filter = owner.restrict(Some(self.filter()?));
                self.params.set("filter", filter);
            }
            _ => {
                let query = match self.params.get("query") {
                    Some(query) if !is_object(query) => return Err(Error::invalid_params("query must be an object")),
                    query => owner.restrict(query),
                };
                self.params.set("query", query);
            }
        }
        Ok(self.params.to_string())
    }

    fn replace(&mut self, argument: &str, make: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let given = self.params.get(argument).ok_or_else(|| Error::invalid_params(format!("{argument} is missing")))?;
        let made = make(given)?;
        self.params.set(argument, made);
        Ok(())
    }

    fn changed(&mut self, argument: &str, owner: &Owner, upsert: bool, make: impl FnOnce(&str) -> Result<Update>) -> Result<()> {
        let given = self.params.get(argument).ok_or_else(|| Error::invalid_params(format!("{argument} is missing")))?;
        let (made, filter) = match (make(given)?, self.filter()?) {
            (Update::Whole(made), filter) => (made, owner.restrict_exactly(Some(filter))),
            (Update::Operators(made), filter) if upsert => (made, owner.restrict_upsert(Some(filter))),
            (Update::Operators(made), filter) => (made, owner.restrict(Some(filter))),
        };
        self.params.set(argument, made);
        self.params.set("filter", filter);
        Ok(())
    }

    fn filter(&self) -> Result<&str> {
        match self.params.get("filter") {
            None => Err(Error::invalid_params("filter is missing")),
            Some(filter) if is_object(filter) => Ok(filter),
            Some(_) => Err(Error::invalid_params("filter must be an object")),
        }
    }
}

/// The options of a command on documents that are not everybody's.
fn options<'a>(params: &'a Object<'_>) -> Result<Object<'a>> {
    let mut options = match params.get("options") {
        None => return Ok(Object::default()),
        Some(options) => Object::open("options", options)?,
    };
    if options.get("explain").is_some_and(|explain| explain != "false") {
        let message = "explain tells of documents that the rules of a collection hide; a mini program cannot use it there";
        return Err(Error::new(codes::PERMISSION_DENIED, message));
    }
    if let Some(collation) = options.get("collation")
        && Object::open("collation", collation)?.string("locale").as_deref() != Some("simple")
    {
        let message = "a collation can make the ids of two users equal; a mini program cannot use it where the rules of a collection ask who the user is";
        return Err(Error::new(codes::PERMISSION_DENIED, message));
    }
    options.retain(|name| OPTIONS.contains(&name));
    Ok(options)
}

fn refused(command: &str) -> Error {
    let message = format!("the rules of this collection do not allow `{command}` from a mini program; call a cloud function");
    Error::new(codes::PERMISSION_DENIED, message)
}

/// Checks a collection's name as far as a rule can have it.
///
/// # Errors
/// `InvalidParams.Format` for an empty name, one of more than 120 bytes, and one with `$` or U+0000.
pub fn check_collection(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_COLLECTION || name.contains(['\0', '$']) {
        return Err(Error::invalid_params(format!("a collection name has 1 to {MAX_COLLECTION} bytes, none of them `$` or U+0000")));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ACCESS: [Access; 3] = [Access::All, Access::Owner, Access::Nobody];
    const OWN: &str = r#"{"auth":{"$not":{"$type":"array"}}},{"auth.userId":{"$not":{"$type":"array"}}}"#;

    fn run(rule: Rule, params: &str) -> Result<Option<String>> {
        Command::parse(params)?.restrict(rule, "u")
    }

    fn example(command: &str) -> String {
        let arguments = match command {
            "insertOne" => r#""doc":{"a":1}"#,
            "insertMany" => r#""docs":[{"a":1}]"#,
            "replaceOne" => r#""filter":{"a":1},"doc":{"b":2}"#,
            "findOneAndReplace" => r#""filter":{"a":1},"replacement":{"b":2}"#,
            "distinct" => r#""key":"a","query":{"a":1}"#,
            "find" | "findOne" | "count" => r#""query":{"a":1}"#,
            "aggregate" => r#""pipeline":[]"#,
            _ => r#""filter":{"a":1},"update":{"$set":{"b":2}}"#,
        };
        format!(r#"{{"collection":"c","command":"{command}",{arguments},"options":{{}}}}"#)
    }

    const READING: [&str; 4] = ["find", "findOne", "count", "distinct"];
    const INSERTING: [&str; 2] = ["insertOne", "insertMany"];
    const CHANGING: [&str; 5] = ["updateOne", "updateMany", "replaceOne", "deleteOne", "deleteMany"];
    const ANSWERING: [&str; 3] = ["findOneAndUpdate", "findOneAndReplace", "findOneAndDelete"];

    #[test]
    fn each_rule_lets_through_restricts_or_refuses() {
        for read in ACCESS {
            for write in ACCESS {
                let rule = Rule { read, write };
                let check = |commands: &[&str], allowed: bool, owned: bool| {
                    for command in commands {
                        match run(rule, &example(command)) {
                            Ok(params) => assert_eq!((true, params.is_some()), (allowed, owned), "{command} {rule}"),
                            Err(error) => {
                                assert_eq!(error.code(), codes::PERMISSION_DENIED, "{command} {rule}");
                                assert!(!allowed, "{command} {rule}");
                            }
                        }
                    }
                };
                check(&READING, read != Access::Nobody, read == Access::Owner);
                check(&INSERTING, write != Access::Nobody, rule.has_owner());
                check(&CHANGING, write != Access::Nobody, rule.has_owner());
                check(&ANSWERING, read != Access::Nobody && write != Access::Nobody, rule.has_owner());
                check(
                    &["startTransaction", "commitTransaction", "renameCollection", "dump", "createIndexes", "mapReduce", ""],
                    false,
                    false,
                );
            }
        }
    }

    #[track_caller]
    fn owned(params: &str, expected: &str) {
        let rule = Rule { read: Access::Owner, write: Access::Owner };
        assert_eq!(run(rule, params).unwrap().unwrap(), expected.replace("OWN", OWN));
    }

    #[test]
    fn what_reads_reads_the_owners_documents() {
        owned(
            r#"{"collection":"c","command":"find","query":{"n":1.10},"options":{"limit":2,"readConcern":1},"doc":{}}"#,
            r#"{"collection":"c","command":"find","query":{"$and":[{"auth.userId":{"$eq":"u"}},OWN,{"n":1.10}]},"options":{"limit":2}}"#,
        );
        owned(
            r#"{"collection":"c","command":"count","query":null}"#,
            r#"{"collection":"c","command":"count","query":{"$and":[{"auth.userId":{"$eq":"u"}},OWN]},"options":{}}"#,
        );
    }

    #[test]
    fn what_writes_writes_the_owners_documents() {
        owned(
            r#"{"collection":"c","command":"insertOne","doc":{"a":1,"auth":{"userId":"x"}}}"#,
            r#"{"collection":"c","command":"insertOne","doc":{"a":1,"auth":{"userId":"u"}},"options":{}}"#,
        );
        owned(
            r#"{"collection":"c","command":"updateOne","filter":{},"update":{"$set":{"a":1}}}"#,
            r#"{"collection":"c","command":"updateOne","filter":{"$and":[{"auth.userId":{"$eq":"u"}},OWN,{}]},"update":{"$set":{"a":1}},"options":{}}"#,
        );
        owned(
            r#"{"collection":"c","command":"updateOne","filter":{"_id":1},"update":{"$set":{"a":1}},"options":{"upsert":true}}"#,
            r#"{"collection":"c","command":"updateOne","filter":{"$and":[{"auth.userId":{"$gte":"u","$lte":"u"}},OWN,{"_id":1}]},"update":{"$set":{"a":1},"$setOnInsert":{"auth":{"userId":"u"}}},"options":{"upsert":true}}"#,
        );
        owned(
            r#"{"collection":"c","command":"replaceOne","filter":{"_id":1},"doc":{"a":1}}"#,
            r#"{"collection":"c","command":"replaceOne","filter":{"$and":[{"auth":{"$gte":{"userId":"u"},"$lte":{"userId":"u"}}},OWN,{"_id":1}]},"doc":{"a":1,"auth":{"userId":"u"}},"options":{}}"#,
        );
        owned(
            r#"{"collection":"c","command":"deleteMany","filter":{"a":1},"update":{"$set":{"auth":1}}}"#,
            r#"{"collection":"c","command":"deleteMany","filter":{"$and":[{"auth.userId":{"$eq":"u"}},OWN,{"a":1}]},"options":{}}"#,
        );
    }

    #[test]
    fn what_would_read_around_a_rule_is_refused() {
        let rule = Rule { read: Access::Owner, write: Access::Owner };
        for (params, code) in [
            (r#"{"command":"find","command":"insertOne","collection":"c"}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"c","\u0063ollection":"d"}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"c","query":{},"query":{}}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"c","query":[]}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"c","options":[]}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"c","options":{"limit":1,"limit":2}}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find"}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":""}"#, codes::INVALID_PARAMS),
            (r#"{"command":"find","collection":"a$b"}"#, codes::INVALID_PARAMS),
            (r#"{"command":1,"collection":"c"}"#, codes::INVALID_PARAMS),
            ("[]", codes::INVALID_PARAMS),
            (r#"{"command":"deleteMany","collection":"c"}"#, codes::INVALID_PARAMS),
            (r#"{"command":"deleteMany","collection":"c","filter":1}"#, codes::INVALID_PARAMS),
            (r#"{"command":"insertOne","collection":"c"}"#, codes::INVALID_PARAMS),
            (r#"{"command":"replaceOne","collection":"c","filter":{},"doc":{},"replacement":{"$set":{"auth":1}}}"#, codes::INVALID_PARAMS),
            (r#"{"command":"findOneAndReplace","collection":"c","filter":{},"replacement":{"$set":{"auth":1}}}"#, codes::PERMISSION_DENIED),
            (r#"{"command":"find","collection":"c","transactionId":"t"}"#, codes::PERMISSION_DENIED),
            (r#"{"command":"find","collection":"c","options":{"explain":true}}"#, codes::PERMISSION_DENIED),
            (r#"{"command":"find","collection":"c","options":{"explain":"executionStats"}}"#, codes::PERMISSION_DENIED),
            (r#"{"command":"find","collection":"c","options":{"collation":{"locale":"en","strength":1}}}"#, codes::PERMISSION_DENIED),
        ] {
            assert_eq!(run(rule, params).unwrap_err().code(), code, "{params}");
        }
        let simple = r#"{"command":"find","collection":"c","options":{"collation":{"locale":"simple"},"explain":false}}"#;
        assert!(run(rule, simple).unwrap().unwrap().contains(r#""options":{}"#));
        let nobody = Command::parse(&example("find")).unwrap().restrict(rule, "");
        assert_eq!(nobody.unwrap_err().code(), codes::PERMISSION_DENIED);
    }
}
