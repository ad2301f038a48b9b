//! Pipelines as a user may run them: each collection is read as its own rule says.

use std::collections::HashMap;

use sdk_plugin::{Error, Result, codes};

use super::object::{Object, array, is_object};
use super::owner::Owner;
use super::pipeline::Stage;
use super::rule::{Access, Rule};

/// A user who runs a pipeline.
pub struct Reader<'r> {
    /// The rules of all collections that the pipeline uses.
    pub rules: &'r HashMap<String, Rule>,
    /// The user's id; empty for nobody.
    pub user: &'r str,
    /// Whether a rule restricts what the user reads.
    pub restricted: bool,
}

/// The documents that come into a pipeline.
pub enum Input<'c> {
    /// Those of a collection.
    Collection(&'c str),
    /// Those of another pipeline, which were restricted there.
    Pipeline,
}

impl Reader<'_> {
    fn rule(&self, collection: &str) -> Result<Rule> {
        self.rules.get(collection).copied().ok_or_else(|| Error::internal("the rule of a collection was not loaded"))
    }

    fn owner(&mut self) -> Result<Owner> {
        self.restricted = true;
        Owner::of(self.user)
    }

    /// The owner whose documents alone may be read of a collection, if it is so.
    fn read(&mut self, collection: &str) -> Result<Option<Owner>> {
        match self.rule(collection)?.read {
            Access::All => Ok(None),
            Access::Owner => self.owner().map(Some),
            Access::Nobody => Err(denied(collection, "`aggregate`")),
        }
    }

    /// A pipeline that shows the user nothing else than what the rules allow.
    ///
    /// # Errors
    /// `InvalidParameter.PermissionDenied` when that is impossible.
    pub fn pipeline(&mut self, stages: &[Stage<'_>], input: Input<'_>) -> Result<String> {
        let owner = match input {
            Input::Collection(name) => self.read(name)?,
            Input::Pipeline => None,
        };
        let mut texts = Vec::with_capacity(stages.len() + 1);
        let mut rest = stages;
        match (owner, stages.split_first()) {
            (None, _) => {}
            (Some(owner), Some((Stage::GeoNear(spec), after))) => {
                let mut spec = spec.clone();
                let query = filter(&spec, "query")?;
                spec.set("query", owner.restrict(query.as_deref()));
                texts.push(format!(r#"{{"$geoNear":{spec}}}"#));
                rest = after;
            }
            (Some(owner), _) => texts.push(format!(r#"{{"$match":{}}}"#, owner.restrict(None))),
        }
        for stage in rest {
            self.stage(stage, &mut texts)?;
        }
        Ok(array(&texts))
    }

    fn stage(&mut self, stage: &Stage<'_>, texts: &mut Vec<String>) -> Result<()> {
        match stage {
            Stage::Local(text) => texts.push((*text).to_owned()),
            Stage::GeoNear(spec) => texts.push(format!(r#"{{"$geoNear":{spec}}}"#)),
            Stage::Lookup { from, spec, pipeline: Some(stages) } => {
                let mut spec = spec.clone();
                spec.set("pipeline", self.pipeline(stages, Input::Collection(from))?);
                texts.push(format!(r#"{{"$lookup":{spec}}}"#));
            }
            Stage::Lookup { from, spec, pipeline: None } => {
                let owner = self.read(from)?;
                texts.push(format!(r#"{{"$lookup":{spec}}}"#));
                if let Some(owner) = owner {
                    texts.push(own(&into(spec)?, &owner));
                }
            }
            Stage::GraphLookup { from, spec } => {
                let mut spec = spec.clone();
                if let Some(owner) = self.read(from)? {
                    let restrict = filter(&spec, "restrictSearchWithMatch")?;
                    spec.set("restrictSearchWithMatch", owner.restrict(restrict.as_deref()));
                }
                texts.push(format!(r#"{{"$graphLookup":{spec}}}"#));
            }
            Stage::Facet(facets) => {
                let mut spec = Object::default();
                for (name, stages) in facets {
                    spec.set(name, self.pipeline(stages, Input::Pipeline)?);
                }
                texts.push(format!(r#"{{"$facet":{spec}}}"#));
            }
            Stage::Output { target, text } => {
                // Results may replace documents of everybody, with any `auth`.
                let rule = self.rule(target)?;
                if rule.write != Access::All || rule.has_owner() {
                    return Err(denied(target, "`$out` and `$merge`"));
                }
                texts.push((*text).to_owned());
            }
        }
        Ok(())
    }
}

/// A filter in a stage's specification.
fn filter(spec: &Object<'_>, name: &str) -> Result<Option<String>> {
    match spec.get(name) {
        None => Ok(None),
        Some(filter) if is_object(filter) => Ok(Some(filter.to_owned())),
        Some(_) => Err(Error::invalid_params(format!("{name} must be an object"))),
    }
}

/// The stage that leaves of joined documents the owner's. MongoDB 4.2 has no `$lookup` that joins
/// by equality and filters.
fn own(into: &str, owner: &Owner) -> String {
    let mine = format!(r#"{{"$eq":["$$joined.auth.userId",{}]}}"#, owner.literal());
    format!(r#"{{"$addFields":{{"{into}":{{"$filter":{{"input":"${into}","as":"joined","cond":{mine}}}}}}}}}"#)
}

/// Where a `$lookup` puts what it joins. The stage after it must find exactly that again, so that
/// the name is one of a field at the top.
fn into(spec: &Object<'_>) -> Result<String> {
    let into = spec.string("as").unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if into.is_empty() || !into.chars().all(plain) {
        let message = "`as` of a $lookup on a collection that shows users only their own documents must be a name of letters, digits, `_` and `-`; use `pipeline` for another one";
        return Err(Error::new(codes::PERMISSION_DENIED, message));
    }
    Ok(into)
}

fn denied(collection: &str, what: &str) -> Error {
    let message = format!("the rules of the collection `{collection}` do not allow {what} from a mini program; call a cloud function");
    Error::new(codes::PERMISSION_DENIED, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::pipeline::parse;
    use super::*;

    const OWNED: &str =
        r#"{"$and":[{"auth.userId":{"$eq":"u"}},{"auth":{"$not":{"$type":"array"}}},{"auth.userId":{"$not":{"$type":"array"}}}"#;

    fn run(text: &str, user: &str) -> Result<(String, bool)> {
        let rule = |read, write| Rule { read, write };
        let rules = HashMap::from([
            ("all".to_owned(), rule(Access::All, Access::Nobody)),
            ("own".to_owned(), rule(Access::Owner, Access::Owner)),
            ("none".to_owned(), rule(Access::Nobody, Access::Nobody)),
            ("open".to_owned(), rule(Access::All, Access::All)),
            ("drop".to_owned(), rule(Access::Nobody, Access::All)),
            ("mixed".to_owned(), rule(Access::Owner, Access::All)),
        ]);
        let (collection, stages) = text.split_once(' ').unwrap();
        let mut reader = Reader { rules: &rules, user, restricted: false };
        let text = reader.pipeline(&parse(stages).unwrap(), Input::Collection(collection))?;
        Ok((text, reader.restricted))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(run(text, "u").unwrap(), (expected.replace("OWNED", OWNED), expected.contains("OWNED") || expected.contains("joined")));
    }

    #[test]
    fn what_everybody_reads_stays_as_it_is() {
        for stages in [
            "[]",
            r#"[{"$geoNear":{"near":[1,2],"distanceField":"d"}}]"#,
            r#"[{"$match":{"a":1.50}},{"$facet":{"x":[{"$limit":1}]}},{"$lookup":{"from":"open","localField":"a","foreignField":"b","as":"c.d"}}]"#,
            r#"[{"$graphLookup":{"from":"all","startWith":"$a","connectFromField":"a","connectToField":"b","as":"c"}},{"$out":"open"}]"#,
            r#"[{"$merge":"drop"}]"#,
        ] {
            check(&format!("all {stages}"), stages);
        }
    }

    #[test]
    fn every_way_to_an_owned_collection_is_filtered() {
        check("own []", r#"[{"$match":OWNED]}}]"#);
        check(
            r#"own [{"$geoNear":{"near":[1,2],"query":{"a":1}}},{"$limit":1}]"#,
            r#"[{"$geoNear":{"near":[1,2],"query":OWNED,{"a":1}]}}},{"$limit":1}]"#,
        );
        check(r#"own [{"$geoNear":{"near":[1,2]}}]"#, r#"[{"$geoNear":{"near":[1,2],"query":OWNED]}}}]"#);
        check(
            r#"all [{"$lookup":{"from":"own","pipeline":[{"$limit":1}],"as":"a.b"}}]"#,
            r#"[{"$lookup":{"from":"own","pipeline":[{"$match":OWNED]}},{"$limit":1}],"as":"a.b"}}]"#,
        );
        check(
            r#"all [{"$facet":{"x":[{"$lookup":{"from":"open","as":"y","pipeline":[{"$lookup":{"from":"own","as":"z","pipeline":[]}}]}}]}}]"#,
            r#"[{"$facet":{"x":[{"$lookup":{"from":"open","as":"y","pipeline":[{"$lookup":{"from":"own","as":"z","pipeline":[{"$match":OWNED]}}]}}]}}]}}]"#,
        );
        check(
            r#"all [{"$lookup":{"from":"own","localField":"l","foreignField":"f","as":"a"}},{"$unwind":"$a"}]"#,
            r#"[{"$lookup":{"from":"own","localField":"l","foreignField":"f","as":"a"}},{"$addFields":{"a":{"$filter":{"input":"$a","as":"joined","cond":{"$eq":["$$joined.auth.userId",{"$literal":"u"}]}}}}},{"$unwind":"$a"}]"#,
        );
        check(
            r#"all [{"$graphLookup":{"from":"own","restrictSearchWithMatch":{"a":1},"as":"x"}}]"#,
            r#"[{"$graphLookup":{"from":"own","restrictSearchWithMatch":OWNED,{"a":1}]},"as":"x"}}]"#,
        );
        check(
            r#"all [{"$graphLookup":{"from":"own","as":"x"}}]"#,
            r#"[{"$graphLookup":{"from":"own","as":"x","restrictSearchWithMatch":OWNED]}}}]"#,
        );
    }

    #[test]
    fn what_no_rewriting_makes_safe_is_refused() {
        for text in [
            "none []",
            r#"all [{"$lookup":{"from":"none","localField":"l","foreignField":"f","as":"a"}}]"#,
            r#"all [{"$lookup":{"from":"none","pipeline":[],"as":"a"}}]"#,
            r#"all [{"$graphLookup":{"from":"none"}}]"#,
            r#"all [{"$facet":{"x":[{"$lookup":{"from":"none","pipeline":[],"as":"a"}}]}}]"#,
            r#"all [{"$lookup":{"from":"own","localField":"l","foreignField":"f","as":"a.b"}}]"#,
            r#"all [{"$lookup":{"from":"own","localField":"l","foreignField":"f","as":"$a"}}]"#,
            r#"all [{"$lookup":{"from":"own","localField":"l","foreignField":"f"}}]"#,
            r#"all [{"$out":"all"}]"#,
            r#"all [{"$out":"own"}]"#,
            r#"all [{"$out":"mixed"}]"#,
            r#"all [{"$merge":"own"}]"#,
            r#"all [{"$merge":{"into":{"coll":"none"}}}]"#,
        ] {
            assert_eq!(run(text, "u").unwrap_err().code(), codes::PERMISSION_DENIED, "{text}");
        }
        assert_eq!(run("own []", "").unwrap_err().code(), codes::PERMISSION_DENIED);
        assert_eq!(run("all []", "").unwrap().0, "[]");
        assert!(run(r#"all [{"$graphLookup":{"from":"own","restrictSearchWithMatch":1}}]"#, "u").is_err());
    }
}
