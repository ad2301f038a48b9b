//! Schedules of plugins, kept by tokio-cron-scheduler.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sdk_plugin::{Error, Result};
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler};
use uuid::Uuid;

/// The process's scheduler.
#[derive(Clone)]
pub struct Scheduler {
    jobs: JobScheduler,
}

/// What is done when a job is due.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Scheduler {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let jobs = JobScheduler::new().await.map_err(Error::internal)?;
        jobs.start().await.map_err(Error::internal)?;
        Ok(Self { jobs })
    }

    /// Ends it; jobs that are running go on.
    pub async fn stop(&self) {
        let mut jobs = self.jobs.clone();
        if let Err(error) = jobs.shutdown().await {
            tracing::warn!(%error, "the scheduler did not end cleanly");
        }
    }
}

/// The schedules of one plugin instance.
#[derive(Clone)]
pub struct Jobs {
    scheduler: Scheduler,
    by_name: Arc<Mutex<HashMap<String, Uuid>>>,
}

impl Jobs {
    pub fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, by_name: Arc::default() }
    }

    /// Has `work` done whenever `cron` (six fields, UTC) is due; replaces a schedule of that name.
    pub async fn add(&self, name: String, cron: &str, work: impl Fn(String) -> Work + Send + Sync + 'static) -> Result<()> {
        let job_name = name.clone();
        let job = Job::new_async(cron, move |_, _| work(job_name.clone()))
            .map_err(|e| Error::invalid_params(format!("`{cron}` is not a cron expression of six fields: {e}")))?;
        let id = self.scheduler.jobs.add(job).await.map_err(Error::internal)?;
        let old = self.by_name.lock().await.insert(name, id);
        if let Some(old) = old {
            self.scheduler.jobs.remove(&old).await.map_err(Error::internal)?;
        }
        Ok(())
    }

    /// Ends all schedules of the instance.
    pub async fn cancel(&self) {
        let jobs: Vec<Uuid> = self.by_name.lock().await.drain().map(|(_, id)| id).collect();
        for id in jobs {
            if let Err(error) = self.scheduler.jobs.remove(&id).await {
                tracing::warn!(%error, "a schedule could not be removed");
            }
        }
    }
}
