//! The command `aggregate`: pipelines that read from the collections of a space.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bson::{Bson, Document, doc};
use mql::Collation;
use mql::aggregate::{Context, Opened, Opening, Options as PipelineOptions, Pipeline, Query, Source, SpillWith};
use mql::expression::Variables;
use mql::index::FieldKind;
use sdk_plugin::{Error, Result};

use crate::database::Database;
use crate::error::language;
use crate::layout;
use crate::locks::Locks;
use crate::output::Writer;
use crate::plan::{self, Access, Nearest, Plan, Wanted};
use crate::records::Records;
use crate::scan::{Match, Scan};

/// How large the results of one answer may be together, in bytes.
const ANSWER_SIZE: usize = 64 * 1024 * 1024;

/// What `aggregate` asks for.
pub struct Aggregation {
    /// The stages.
    pub pipeline: Pipeline,
    /// The same, as they were written.
    pub stages: Vec<Bson>,
    /// The values of `let`.
    pub variables: Document,
    /// Whether stages may put on disk what does not fit into memory.
    pub may_spill: bool,
    /// The index to use first.
    pub hint: Option<Bson>,
}

impl Aggregation {
    /// Parses a pipeline.
    ///
    /// # Errors
    /// `InvalidParams.Format` when it is none.
    pub fn parse(stages: Vec<Bson>, collation: &Collation, variables: Document, may_spill: bool, hint: Option<Bson>) -> Result<Self> {
        let options = PipelineOptions { collation: collation.clone(), variables: variables.keys().cloned().collect() };
        let pipeline = Pipeline::parse(&stages, &options).map_err(language)?;
        Ok(Self { pipeline, stages, variables, may_spill, hint })
    }

    fn context(&self, folder: &Path, deadline: Instant) -> Context {
        let mut variables = Variables::new();
        for (name, value) in &self.variables {
            variables.give(name.clone(), value.clone());
        }
        variables.stop_at(deadline);
        let mut context = Context { variables, ..Context::default() };
        if self.may_spill {
            let folder = folder.to_owned();
            context.spill = Some(Arc::new(SpillWith(move || {
                std::fs::create_dir_all(&folder)?;
                tempfile::tempfile_in(&folder)
            })));
        }
        context
    }
}

/// Where a pipeline runs.
#[derive(Clone)]
pub struct Aggregator {
    /// The database.
    pub database: Arc<Database>,
    /// The collection that it is run on.
    pub collection: String,
    /// Who changes what.
    pub locks: Locks,
    /// Where stages put what does not fit into memory.
    pub folder: PathBuf,
}

impl Aggregator {
    /// Runs a pipeline. Answers nothing when its results are written somewhere.
    ///
    /// # Errors
    /// `InvalidParams.Format` when a stage fails, or when the results are larger than 64 MiB
    /// together; otherwise what the database answers.
    pub async fn run(&self, aggregation: Arc<Aggregation>, deadline: Instant) -> Result<Vec<Document>> {
        if !aggregation.may_spill {
            return self.results(&aggregation, deadline).await;
        }
        // Files block.
        let (this, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let work = tokio::task::spawn_blocking(move || runtime.block_on(this.results(&aggregation, deadline)));
        work.await.map_err(Error::internal)?
    }

    async fn results(&self, aggregation: &Aggregation, deadline: Instant) -> Result<Vec<Document>> {
        let context = aggregation.context(&self.folder, deadline);
        if let Some(field) = aggregation.pipeline.count_only() {
            let query = aggregation.pipeline.query(&context.variables);
            if query.near.is_none() && query.limit.is_none() {
                return self.count(field, &query, aggregation, deadline).await;
            }
        }
        let mut writer = match aggregation.pipeline.output() {
            Some(output) => Some(Writer::open(output, &self.database, &self.locks, context.variables.clone()).await?),
            None => None,
        };
        let mut collected = self.collect(aggregation, context, writer.as_mut(), deadline).await;
        if let Some(writer) = &mut writer {
            if collected.is_ok()
                && let Err(error) = writer.finish().await
            {
                collected = Err(error);
            }
            if collected.is_err() {
                writer.abandon().await;
            }
        }
        collected
    }

    async fn collect(
        &self,
        aggregation: &Aggregation,
        context: Context,
        mut writer: Option<&mut Writer>,
        deadline: Instant,
    ) -> Result<Vec<Document>> {
        let store = Store { aggregator: self, hint: aggregation.hint.as_ref(), deadline };
        let mut results = aggregation.pipeline.start(context).on(&store);
        let (mut all, mut size) = (Vec::new(), 0);
        while let Some(result) = results.next().await.map_err(|failure| failure.0)? {
            match &mut writer {
                Some(writer) => writer.add(result).await?,
                None => {
                    size += result.to_vec().map_err(Error::internal)?.len();
                    if size > ANSWER_SIZE {
                        let message = format!("the results are larger than {ANSWER_SIZE} bytes together; use $limit or $project");
                        return Err(Error::invalid_params(message));
                    }
                    all.push(result);
                }
            }
        }
        Ok(all)
    }

    async fn count(&self, field: &str, query: &Query, aggregation: &Aggregation, deadline: Instant) -> Result<Vec<Document>> {
        let records = Records::open(self.database.clone(), &self.collection).await?;
        let counted = if query.filter.is_empty() {
            records.count().await?
        } else {
            let wanted = Wanted { filter: &query.filter, sort: None, hint: aggregation.hint.as_ref() };
            let plan = plan::choose(&records, &wanted).await?;
            let filter = Arc::new((*query.filter).clone().until(deadline));
            let mut scan = Scan::new(&records, filter, plan).await?.with(query.variables.clone());
            let mut counted = 0;
            while let Some(page) = scan.next().await? {
                counted += page.len() as u64;
            }
            counted
        };
        let number = i32::try_from(counted).map_or_else(|_| Bson::Int64(counted.cast_signed()), Bson::Int32);
        let mut result = Document::new();
        result.insert(field, number);
        Ok(if counted == 0 { Vec::new() } else { vec![result] })
    }

    /// What `explain` answers of a pipeline: how its documents are found, and the stages.
    ///
    /// # Errors
    /// As [`find::find`].
    pub async fn explain(&self, aggregation: &Aggregation) -> Result<Document> {
        let query = aggregation.pipeline.query(&Variables::new());
        let records = Records::open(self.database.clone(), &self.collection).await?;
        let (plan, _) = open(&records, &query, aggregation.hint.as_ref()).await?;
        let planner = plan::explain(&self.collection, &Document::new(), &plan);
        let mut stages = vec![Bson::Document(doc! {"$cursor": planner})];
        stages.extend(aggregation.stages.iter().cloned());
        Ok(doc! {"stages": stages, "ok": 1})
    }
}

/// How the documents of a query are found.
async fn open(records: &Records, query: &Query, hint: Option<&Bson>) -> Result<(Plan, Opening)> {
    let mut opening = Opening::default();
    if let Some(near) = &query.near {
        let path = match near.key() {
            Some(path) => path.to_owned(),
            None => only_sphere(records)?,
        };
        plan::require_sphere(records, &path)?;
        let nearest = Nearest::new(records, near.near(&path));
        opening.near = Some(path);
        if nearest.index().is_some() {
            opening.sorted = true;
            return Ok((Plan { access: Access::Near(nearest), sorted: true }, opening));
        }
    }
    let sort = query.sort.as_deref().filter(|_| query.near.is_none());
    let plan = plan::choose(records, &Wanted { filter: &query.filter, sort, hint }).await?;
    opening.sorted |= sort.is_some() && plan.sorted;
    Ok((plan, opening))
}

/// The field that the only geospatial index is on.
fn only_sphere(records: &Records) -> Result<String> {
    let spheres = records.collection.indexes.iter().filter(|index| index.ready);
    let fields = spheres.flat_map(|index| index.spec.fields()).filter(|field| field.kind() == FieldKind::Sphere);
    let mut paths: Vec<&str> = fields.map(|field| field.path()).collect();
    paths.dedup();
    match paths.as_slice() {
        [path] => Ok((*path).to_owned()),
        [] => {
            let message = "$geoNear requires a 2d or 2dsphere index, but none were found";
            Err(Error::invalid_params(message).with_context("mongodb", "IndexNotFound (27)"))
        }
        _ => {
            let message = "There is more than one 2dsphere index; unsure which to use for $geoNear. Name one with `key`.";
            Err(Error::invalid_params(message).with_context("mongodb", "IndexNotFound (27)"))
        }
    }
}

/// The collections as pipelines read them.
struct Store<'a> {
    aggregator: &'a Aggregator,
    hint: Option<&'a Bson>,
    deadline: Instant,
}

struct Failure(Error);

impl From<mql::Error> for Failure {
    fn from(error: mql::Error) -> Self {
        Self(language(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Source for Store<'_> {
    type Cursor = Scan;
    type Error = Failure;

    async fn open(&self, query: &Query) -> std::result::Result<Opened<Scan>, Failure> {
        let name = query.collection.as_deref().unwrap_or(&self.aggregator.collection);
        layout::collection(name)?;
        let records = Records::open(self.aggregator.database.clone(), name).await?;
        let hint = self.hint.filter(|_| query.collection.is_none());
        let (plan, opening) = open(&records, query, hint).await?;
        let filter = Arc::new((*query.filter).clone().until(self.deadline));
        let mut scan = Scan::new(&records, filter, plan).await?.with(query.variables.clone());
        if let Some(limit) = query.limit.filter(|_| opening.sorted || query.sort.is_none()) {
            scan = scan.expect(limit);
        }
        Ok(Opened { cursor: scan, opening })
    }

    async fn fetch(&self, cursor: &mut Scan) -> std::result::Result<Option<Vec<Document>>, Failure> {
        let Some(page) = cursor.next().await? else { return Ok(None) };
        Ok(Some(page.into_iter().map(Match::document).collect::<Result<_>>()?))
    }
}
