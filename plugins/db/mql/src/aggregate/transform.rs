//! Stages that make one document of one document, and nothing else: what updates may use.

use std::borrow::Cow;
use std::sync::Arc;

use bson::{Bson, Document};

use super::bounds;
use super::operator::{Each, Env, Operator};
use super::stages::project::{AddFields, Project};
use super::stages::replace_root::ReplaceRoot;
use crate::error::{Code, Error, Result};
use crate::expression::Variables;
use crate::known::Known;

/// One stage that changes documents one by one.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Project(Project),
    AddFields(AddFields),
    ReplaceRoot(ReplaceRoot),
}

impl Change {
    /// The stage, if its name is one of these.
    pub(super) fn parse(name: &str, value: &Bson, known: &Known) -> Result<Option<Self>> {
        Ok(Some(match name {
            "$project" => Self::Project(Project::parse(value, known)?),
            "$unset" => Self::Project(Project::parse_unset(value)?),
            "$addFields" | "$set" => Self::AddFields(AddFields::parse(name, value, known)?),
            "$replaceRoot" => Self::ReplaceRoot(ReplaceRoot::parse(value, known)?),
            "$replaceWith" => Self::ReplaceRoot(ReplaceRoot::parse_with(value, known)?),
            _ => return Ok(None),
        }))
    }

    pub(super) fn apply(&self, doc: Document, variables: &Variables) -> Result<Document> {
        let doc = match self {
            Self::Project(project) => project.apply(doc, variables)?,
            Self::AddFields(add) => add.apply(doc, variables)?,
            Self::ReplaceRoot(replace) => replace.apply(&doc, variables)?,
        };
        bounds::check(&doc)?;
        Ok(doc)
    }
}

pub(super) fn start(change: Arc<Change>) -> Box<dyn Operator> {
    Box::new(Each::new(move |doc: Document, env: &Env| change.apply(doc, &env.variables).map(Some)))
}

/// A pipeline over a single document, as updates and `$merge` take it: `$addFields`, `$set`,
/// `$project`, `$unset`, `$replaceRoot` and `$replaceWith` only.
///
/// ```
/// use bson::{bson, doc};
/// use mql::aggregate::Transform;
/// use mql::expression::Variables;
///
/// let update = Transform::parse(&[bson!({"$set": {"total": {"$sum": "$n"}}}), bson!({"$unset": "n"})])?;
/// assert_eq!(update.apply(&doc! {"_id": 1, "n": [1, 2]}, &Variables::new())?, doc! {"_id": 1, "total": 3});
/// # Ok::<(), mql::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Transform {
    changes: Vec<Change>,
}

impl Transform {
    /// Parses a pipeline that uses only the variables which are always there.
    ///
    /// # Errors
    /// `InvalidOptions` for other stages, `Location40324` for one that does not exist, and the
    /// errors of the stages and their expressions.
    pub fn parse(pipeline: &[Bson]) -> Result<Self> {
        Self::parse_in(pipeline, &Known::default())
    }

    /// Parses a pipeline that may also use the given variables, of which only the names count.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(pipeline: &[Bson], variables: &Variables) -> Result<Self> {
        Self::parse_in(pipeline, &Known::of(variables).checked()?)
    }

    pub(crate) fn parse_in(pipeline: &[Bson], known: &Known) -> Result<Self> {
        if pipeline.len() > super::MAX_STAGES {
            return Err(super::too_many_stages());
        }
        let change = |stage: &Bson| {
            let (name, value) = super::stage(stage)?;
            match Change::parse(name, value, known)? {
                Some(change) => Ok(change),
                None if super::STAGES.contains(&name) => {
                    Err(Error::new(Code::InvalidOptions, format!("{name} is not allowed to be used within an update")))
                }
                None => Err(super::unrecognized(name)),
            }
        };
        Ok(Self { changes: pipeline.iter().map(change).collect::<Result<_>>()? })
    }

    /// The document that comes out for one that goes in. It is not checked for what may be
    /// stored.
    ///
    /// # Errors
    /// The errors of expressions; `BSONObjectTooLarge` and `Overflow` when it grows too large or
    /// nests too deep.
    pub fn apply(&self, doc: &Document, variables: &Variables) -> Result<Document> {
        let mut doc = Cow::Borrowed(doc);
        for change in &self.changes {
            doc = Cow::Owned(change.apply(doc.into_owned(), variables)?);
        }
        Ok(doc.into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json;

    fn transform(pipeline: &str) -> Result<Transform> {
        let spec = json::document(format!(r#"{{"p":{pipeline}}}"#).as_bytes()).unwrap();
        Transform::parse(spec.get_array("p").unwrap())
    }

    #[track_caller]
    fn check(pipeline: &str, doc: &str, expected: &str) {
        let doc = json::document(doc.as_bytes()).unwrap();
        let out = transform(pipeline).unwrap().apply(&doc, &Variables::new()).unwrap();
        assert_eq!(json::to_string(&out.into()), expected);
    }

    #[track_caller]
    fn refused(pipeline: &str, number: i32) {
        assert_eq!(transform(pipeline).unwrap_err().code().number(), number, "{pipeline}");
    }

    #[test]
    fn inclusion_keeps_the_order_of_the_document() {
        let doc = r#"{"_id":1,"title":"abc123","isbn":"0001122223334","author":{"last":"zzz","first":"aaa"},"copies":5}"#;
        check(r#"[{"$project":{"author":1,"title":1}}]"#, doc, r#"{"_id":1,"title":"abc123","author":{"last":"zzz","first":"aaa"}}"#);
        check(r#"[{"$project":{"_id":0,"title":true,"author":2.5}}]"#, doc, r#"{"title":"abc123","author":{"last":"zzz","first":"aaa"}}"#);
        check(r#"[{"$project":{"author.first":1}}]"#, doc, r#"{"_id":1,"author":{"first":"aaa"}}"#);
        check(r#"[{"$project":{"author":{"first":1},"_id":0}}]"#, doc, r#"{"author":{"first":"aaa"}}"#);
        check(r#"[{"$project":{"a.b":1}}]"#, r#"{"_id":1,"a":[1,{"b":2,"c":3},[{"b":4},5]]}"#, r#"{"_id":1,"a":[{"b":2},[{"b":4}]]}"#);
        check(r#"[{"$project":{"a.b":1}}]"#, r#"{"_id":1,"a":7}"#, r#"{"_id":1}"#);
    }

    #[test]
    fn exclusion() {
        let doc = r#"{"_id":1,"a":{"b":1,"c":2},"d":[{"e":1,"f":2},3]}"#;
        check(r#"[{"$project":{"a.b":0,"d":{"e":false}}}]"#, doc, r#"{"_id":1,"a":{"c":2},"d":[{"f":2},3]}"#);
        check(r#"[{"$project":{"_id":0}}]"#, doc, r#"{"a":{"b":1,"c":2},"d":[{"e":1,"f":2},3]}"#);
        check(r#"[{"$unset":["a.b","d"]}]"#, doc, r#"{"_id":1,"a":{"c":2}}"#);
        check(r#"[{"$unset":"a"}]"#, doc, r#"{"_id":1,"d":[{"e":1,"f":2},3]}"#);
    }

    #[test]
    fn computed_fields() {
        let doc = r#"{"_id":1,"x":2,"a":{"c":3},"l":[{"m":1},5]}"#;
        check(r#"[{"$project":{"a.b":"$x","y":"text","z":"$nothing","n":null}}]"#, doc, r#"{"_id":1,"a":{"b":2},"y":"text","n":null}"#);
        check(r#"[{"$project":{"l.k":"$x","_id":0}}]"#, doc, r#"{"l":[{"k":2},{"k":2}]}"#);
        check(r#"[{"$project":{"_id":"$x"}}]"#, doc, r#"{"_id":2}"#);
        check(r#"[{"$project":{"x":["$x","$nothing"]}}]"#, doc, r#"{"_id":1,"x":[2,null]}"#);
        check(r#"[{"$addFields":{"x":"$a.c","a.b":"$x"}}]"#, doc, r#"{"_id":1,"x":3,"a":{"c":3,"b":2},"l":[{"m":1},5]}"#);
        check(r#"[{"$set":{"a":{"b":1},"l":"$$REMOVE","x.y":0}}]"#, doc, r#"{"_id":1,"x":{"y":0},"a":{"c":3,"b":1}}"#);
        check(r#"[{"$set":{"p.q":"$$REMOVE"}}]"#, r#"{"_id":1}"#, r#"{"_id":1,"p":{}}"#);
    }

    #[test]
    fn roots() {
        check(r#"[{"$replaceRoot":{"newRoot":"$a"}}]"#, r#"{"_id":1,"a":{"b":2}}"#, r#"{"b":2}"#);
        check(r#"[{"$replaceWith":{"_id":"$_id","b":"$a.b"}}]"#, r#"{"_id":1,"a":{"b":2}}"#, r#"{"_id":1,"b":2}"#);
        for pipeline in [r#"[{"$replaceRoot":{"newRoot":"$x"}}]"#, r#"[{"$replaceWith":"$_id"}]"#] {
            let doc = json::document(br#"{"_id":1}"#).unwrap();
            let error = transform(pipeline).unwrap().apply(&doc, &Variables::new()).unwrap_err();
            assert_eq!(error.code().number(), 40228, "{error}");
        }
    }

    #[test]
    fn what_is_refused() {
        refused(r#"[{"$project":{"a":1,"b":0}}]"#, 40178);
        refused(r#"[{"$project":{"b":0,"a":1}}]"#, 40179);
        refused(r#"[{"$project":{"b":0,"a":"$x"}}]"#, 40179);
        refused(r#"[{"$project":{"_id":1,"a":0}}]"#, 40178);
        refused(r#"[{"$project":{}}]"#, 40177);
        refused(r#"[{"$project":1}]"#, 15969);
        refused(r#"[{"$project":{"a":{}}}]"#, 40180);
        refused(r#"[{"$project":{"a":{"b.c":1}}}]"#, 40183);
        refused(r#"[{"$project":{"a":1,"a.b":1}}]"#, 40176);
        refused(r#"[{"$project":{"a.b":1,"a-b":1,"a":1}}]"#, 40176);
        refused(r#"[{"$project":{"a":{"$add":[1],"b":1}}}]"#, 40181);
        refused(r#"[{"$project":{"$a":1}}]"#, 16410);
        refused(r#"[{"$project":{"a.":1}}]"#, 40353);
        refused(r#"[{"$project":{"a..b":1}}]"#, 15998);
        refused(r#"[{"$addFields":1}]"#, 40272);
        refused(r#"[{"$unset":[]}]"#, 31119);
        refused(r#"[{"$unset":[1]}]"#, 31120);
        refused(r#"[{"$unset":{}}]"#, 31002);
        refused(r#"[{"$unset":["a","a.b"]}]"#, 40176);
        refused(r#"[{"$replaceRoot":"$a"}]"#, 40229);
        refused(r#"[{"$replaceRoot":{"root":1}}]"#, 40230);
        refused(r#"[{"$replaceRoot":{}}]"#, 40231);
        refused(r#"[{"$match":{}}]"#, 72);
        refused(r#"[{"$nothing":{}}]"#, 40324);
        refused(r#"[{"$set":{"a":1},"$unset":"b"}]"#, 40323);
        refused("[1]", 14);
        refused(&format!(r#"[{{"$set":{{"{}":1}}}}]"#, ["a"; 150].join(".")), 15);
    }

    #[test]
    fn growth_is_bounded() {
        let doubling = r#"{"$replaceWith":{"a":"$$ROOT","b":"$$ROOT"}}"#;
        let pipeline = format!("[{}]", [doubling; 40].join(","));
        let doc = json::document(format!(r#"{{"x":"{}"}}"#, "y".repeat(1 << 16)).as_bytes()).unwrap();
        let error = transform(&pipeline).unwrap().apply(&doc, &Variables::new()).unwrap_err();
        assert_eq!(error.code(), Code::BSONObjectTooLarge);
    }
}
