//! Whole pipelines.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bson::{Bson, Document};

use super::execution::Execution;
use super::operator::Env;
use super::parse::{Parser, Plan, Stage};
use super::query::Query;
use super::spill::{Disk, Spill};
use super::stages::output::Output;
use crate::collation::Collation;
use crate::error::{Error, Result};
use crate::expression::{Expression, Variables};
use crate::filter::expression::NOW;
use crate::known::Known;

/// The memory that a stage may take unless [`Context::memory`] says otherwise, in bytes.
/// MongoDB's own bound.
pub const DEFAULT_MEMORY: usize = 100 * 1024 * 1024;

/// The disk that the temporary files of a pipeline may take together unless [`Context::disk`] says
/// otherwise, in bytes. MongoDB bounds only what its disk has.
pub const DEFAULT_DISK: u64 = 1024 * 1024 * 1024;

/// What a pipeline is parsed with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How strings compare in all stages.
    pub collation: Collation,
    /// The names of the variables that the pipeline may use beside those that are always there,
    /// without `$$`.
    pub variables: Vec<String>,
    /// When parsing has to end, however much is left of it.
    pub deadline: Option<Instant>,
}

/// What a pipeline runs with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The values of the variables, and when to stop.
    pub variables: Variables,
    /// How many bytes each stage may hold.
    pub memory: usize,
    /// Where `$sort`, `$group` and `$bucketAuto` put what does not fit: `allowDiskUse`.
    pub spill: Option<Arc<dyn Spill>>,
    /// How many bytes all that was put there may take at a time; past that the pipeline fails with
    /// `OutOfDiskSpace`.
    pub disk: u64,
    /// What `$sample` draws by; random if there is none.
    pub seed: Option<u64>,
}

impl Default for Context {
    fn default() -> Self {
        Self { variables: Variables::new(), memory: DEFAULT_MEMORY, spill: None, disk: DEFAULT_DISK, seed: None }
    }
}

/// The collections that a pipeline uses beside the one that it is run on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// Those that any of its stages reads, however deep it is nested.
    pub reads: BTreeSet<String>,
    /// The one that `$out` or `$merge` writes to.
    pub writes: BTreeSet<String>,
}

/// A parsed pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    plan: Plan,
    output: Option<Output>,
    collation: Collation,
}

impl Pipeline {
    /// Parses a pipeline and checks all that does not depend on documents.
    ///
    /// # Errors
    /// As MongoDB: `Location40323` and `Location40324` for what is no stage, 40600 to 40602 and
    /// 51047 for stages at the wrong place, 51079 for a `$merge` into what another stage reads, the
    /// errors of the stages, their filters and expressions; `CommandNotSupported` for stages that
    /// tell of a server, such as `$indexStats`.
    pub fn parse(pipeline: &[Bson], options: &Options) -> Result<Self> {
        let mut parser = Parser::new(&options.collation, Known::new(options.variables.clone(), options.deadline).checked()?);
        let (stages, output) = parser.pipeline(pipeline)?;
        let parsed = Self { plan: parser.plan(stages, false), output, collation: options.collation.clone() };
        match parsed.merged_into() {
            Some(target) if parsed.collections().reads.contains(target) => Err(Error::at(
                51079,
                format!("$merge cannot write to the collection '{target}', because another stage of the pipeline reads it"),
            )),
            _ => Ok(parsed),
        }
    }

    /// Checks that the pipeline may be run on a collection: `$merge` must not write to what is
    /// read, or it might never end.
    ///
    /// # Errors
    /// MongoDB's 51188.
    pub fn check_source(&self, collection: &str) -> Result<()> {
        if self.merged_into() == Some(collection) {
            return Err(Error::at(51188, format!("$merge cannot write to the collection '{collection}', which is being aggregated")));
        }
        Ok(())
    }

    /// The collection that `$merge` writes to, if it is one of the same database.
    fn merged_into(&self) -> Option<&str> {
        match &self.output {
            Some(Output::Merge(merge)) if merge.database().is_none() => Some(merge.collection()),
            _ => None,
        }
    }

    /// Starts the pipeline.
    pub fn start(&self, context: Context) -> Execution {
        let Context { mut variables, memory, spill, disk, seed } = context;
        variables.collate(&self.collation);
        let given = given(&variables);
        let env = Env { variables, given, collation: self.collation.clone(), memory, spill, disk: Arc::new(Disk::new(disk)), seed };
        Execution::new(self.plan.start(None, &env), env)
    }

    /// What the pipeline asks of the collection that it is run on: its leading `$match` stages as
    /// one filter, the `$sort` and `$limit` after them, or its `$geoNear`.
    pub fn query(&self, variables: &Variables) -> Query {
        self.plan.query(None, &given(variables))
    }

    /// The field of the result, if the pipeline does nothing but count what
    /// [`query`](Self::query) asks for. Of nothing it has no result.
    pub fn count_only(&self) -> Option<&str> {
        match self.plan.stages.as_slice() {
            [Stage::Count(field)] if self.output.is_none() => Some(field),
            _ => None,
        }
    }

    /// What becomes of the results, if they are not answered.
    pub fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// The other collections that the pipeline uses, whatever stage of whatever nested pipeline
    /// names them: all that permissions have to be checked for.
    pub fn collections(&self) -> Collections {
        let mut collections = Collections::default();
        self.plan.reads(&mut |name| _ = collections.reads.insert(name.to_owned()));
        collections.writes.extend(self.output.iter().map(|output| output.collection().to_owned()));
        collections
    }
}

/// Variables as filters take them. All stages and filters of a pipeline have the same time.
fn given(variables: &Variables) -> Document {
    let mut given = variables.given();
    let now = Expression::parse(&Bson::String(format!("$${NOW}"))).and_then(|now| now.evaluate(&Document::new(), variables));
    if let Ok(now) = now {
        given.insert(NOW, now);
    }
    given
}
