//! How much the regular expressions of one command may take.

use std::cell::Cell;
use std::time::Instant;

use super::pattern::{End, LARGEST, Pattern};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// How many regular expressions a command may have. MongoDB bounds only the size of the command.
const MOST: usize = 1000;
/// How many of them may be large.
const MOST_LARGE: usize = 16;
/// The memory that each of the others may take compiled, in bytes.
const SMALL: usize = 64 * 1024;

/// Compiles the regular expressions of one command.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    count: Cell<usize>,
    large: Cell<usize>,
    watch: Watch,
}

impl Patterns {
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        Self { watch: Watch::until(deadline), ..Self::default() }
    }

    /// Compiles the next one.
    ///
    /// # Errors
    /// `BadValue` when there are too many, `MaxTimeMSExpired`, and those of [`Pattern::new`].
    pub(crate) fn compile(&self, source: &str, options: &str, end: End) -> Result<Pattern> {
        let before = self.count.get();
        if before >= MOST {
            return Err(Error::bad(format!("a query may have at most {MOST} regular expressions")));
        }
        self.count.set(before + 1);
        self.watch.check()?;
        let small = Pattern::new(source, options, end, SMALL);
        let large = self.large.get();
        if small.is_ok() || large >= MOST_LARGE {
            return small;
        }
        let compiled = Pattern::new(source, options, end, LARGEST)?;
        self.large.set(large + 1);
        Ok(compiled)
    }

    /// Until when the command has to be parsed.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::{Bson, bson, doc};

    use super::*;
    use crate::aggregate::{Options, Pipeline};
    use crate::{Filter, Update};

    fn many(count: usize, one: impl Fn(usize) -> Bson) -> Vec<Bson> {
        (0..count).map(one).collect()
    }

    #[test]
    fn all_parts_of_a_command_count_together() {
        let schema = |i| bson!({"$jsonSchema": {"properties": {"a": {"pattern": format!("x{i}")}, "b": {"patternProperties": {"y": {}}}}}});
        let call = |i| bson!({"$expr": {"$regexMatch": {"input": "$a", "regex": format!("x{i}")}}});
        let mut parts = many(300, |i| bson!({"a": {"$regex": format!("x{i}")}}));
        parts.extend(many(200, schema));
        parts.extend(many(300, call));
        assert!(Filter::parse(&doc! {"$and": parts.clone()}).is_ok());
        parts.push(bson!({"a": {"$regex": "x"}}));
        assert!(Filter::parse(&doc! {"$and": parts}).unwrap_err().message().contains("at most 1000 regular expressions"));
    }

    #[test]
    fn all_stages_of_a_pipeline_count_together() {
        let compute = |i| bson!({"$set": {"f": many(200, |j| bson!({"$regexMatch": {"input": "$a", "regex": format!("x{i}y{j}")}}))}});
        let with = |last: Bson| {
            let mut stages = vec![bson!({"$match": {"a": {"$regex": "x"}}})];
            stages.extend((0..4).map(compute));
            stages.push(bson!({"$match": {"a": {"$in": many(199, |i| Bson::RegularExpression(regex(&format!("z{i}"))))}}}));
            stages.push(last);
            Pipeline::parse(&stages, &Options::default())
        };
        assert!(with(bson!({"$limit": 1})).is_ok(), "the store's filter is not counted twice");
        let nested = |stage: &str, inner: Bson| match stage {
            "$facet" => bson!({"$facet": {"a": [inner]}}),
            _ => bson!({"$lookup": {"from": "c", "as": "d", "pipeline": [inner]}}),
        };
        for stage in ["$facet", "$lookup"] {
            let error = with(nested(stage, bson!({"$match": {"b": {"$regex": "x"}}}))).unwrap_err();
            assert!(error.message().contains("at most 1000"), "{stage}: {error}");
        }
    }

    fn regex(pattern: &str) -> bson::Regex {
        bson::Regex { pattern: pattern.to_owned().try_into().unwrap(), options: String::new().try_into().unwrap() }
    }

    #[test]
    fn all_operators_of_an_update_count_together() {
        let update = |count: usize| {
            let pulls: bson::Document = (0..count).map(|i| (format!("f{i}"), bson!({"$regex": "x"}))).collect();
            Update::parse(&doc! {"$pull": pulls})
        };
        assert!(update(1000).is_ok());
        assert!(update(1001).unwrap_err().message().contains("at most 1000"));
    }

    #[test]
    fn only_some_may_be_large() {
        let patterns = Patterns::default();
        let large = "[a-z]{5000}";
        for _ in 0..MOST_LARGE {
            assert!(patterns.compile("small ones do not count", "", End::Text).is_ok());
        }
        for _ in 0..MOST_LARGE {
            assert!(patterns.compile(large, "", End::Text).is_ok());
        }
        assert!(patterns.compile(large, "", End::Text).unwrap_err().message().contains("too large"));
        assert!(patterns.compile(r"^(?i)[a-z]+\.?(foo|bar)*\p{Han}$", "", End::Line).is_ok());
    }

    #[test]
    fn compiling_ends_in_time() {
        let patterns = Patterns::until(Some(Instant::now()));
        assert_eq!(patterns.compile("a", "", End::Text).unwrap_err().code(), crate::Code::MaxTimeMSExpired);
    }
}
