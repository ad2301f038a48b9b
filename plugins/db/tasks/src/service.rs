//! The service: its records, its files, and the tasks that run.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backup::Backups;
use crate::calendar::Nightly;
use crate::code::{SERVER_BUSY, detail};
use crate::config::Config;
use crate::control::Control;
use crate::database::Database;
use crate::import::Import;
use crate::objects::Objects;
use crate::places::{Place, Places};
use crate::record::{Status, Task, Work, export_key};
use crate::restore::Restore;
use crate::tasks::Tasks;
use crate::{export, record};

/// How often the record of a task is written when something changes.
const WATCH: Duration = Duration::from_secs(1);
/// How often it is written when nothing does.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often the end of a task is recorded when the database refuses.
const TRIES: u32 = 4;
/// How long tasks may go on when the plugin stops, and how long they then have to end.
const GRACE: Duration = Duration::from_secs(5);
const LAST_WORDS: Duration = Duration::from_secs(15);

/// Exports, imports, restores and backups of all spaces.
pub struct Service<C> {
    pub(crate) calls: C,
    pub(crate) config: Config,
    pub(crate) nightly: Option<Nightly>,
    /// The key of signatures.
    pub(crate) secret: Vec<u8>,
    pub(crate) tasks: Tasks<C>,
    pub(crate) objects: Objects<C>,
    pub(crate) places: Arc<Places>,
    pub(crate) tracker: TaskTracker,
    pub(crate) stopping: CancellationToken,
    /// Stops all tasks.
    cut: CancellationToken,
    /// Held while this instance makes nightly backups.
    pub(crate) at_night: tokio::sync::Mutex<()>,
    running: Mutex<HashMap<String, Running>>,
    ended: Notify,
}

struct Running {
    space: String,
    control: Arc<Control>,
}

impl<C: Calls> Service<C> {
    /// A service.
    pub fn new(config: Config, calls: C, secret: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            nightly: config.nightly(),
            secret,
            tasks: Tasks::new(calls.clone()),
            objects: Objects::new(calls.clone()),
            places: Places::new(&config),
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            cut: CancellationToken::new(),
            at_night: tokio::sync::Mutex::default(),
            running: Mutex::default(),
            ended: Notify::new(),
            calls,
            config,
        })
    }

    /// A space's database.
    pub(crate) fn database(&self, space: &str) -> Database<C> {
        Database::new(self.calls.clone(), space)
    }

    /// A space's backups.
    pub(crate) fn backups(&self, space: &str) -> Backups<C> {
        Backups::new(self.objects.clone(), space)
    }

    /// A place for a task of a space.
    ///
    /// # Errors
    /// `SERVER_BUSY` when there is none, or the plugin is stopping.
    pub(crate) fn place(&self, space: &str) -> Result<Place> {
        if self.stopping.is_cancelled() {
            return Err(Error::new(SERVER_BUSY, "the server is stopping; try again").retryable());
        }
        self.places.take(space)
    }

    /// Records a new task and has it worked on.
    ///
    /// # Errors
    /// `SERVER_BUSY`, or what the database answers.
    pub(crate) async fn begin(self: &Arc<Self>, space: &str, work: Work) -> Result<Task> {
        let place = self.place(space)?;
        let task = self.tasks.make(space, work, Status::Waiting);
        self.tasks.insert(&task).await?;
        self.start(task.clone(), place);
        Ok(task)
    }

    /// Has a recorded task worked on.
    pub(crate) fn start(self: &Arc<Self>, task: Task, place: Place) {
        let service = self.clone();
        self.tracker.spawn(async move {
            let place = place;
            service.run(task, Some(&place)).await;
        });
    }

    /// Works on a task to its end, in its place if it has one; says whether it succeeded.
    pub(crate) async fn run(&self, task: Task, place: Option<&Place>) -> bool {
        let control = self.enter(&task);
        let work = async {
            let _inside = match place {
                None => None,
                Some(place) => tokio::select! {
                    inside = place.enter() => Some(inside?),
                    () = control.stopped() => None,
                },
            };
            control.check()?;
            if !self.tasks.change(&task.id, json!({"status": Status::Running})).await? {
                control.stop();
            }
            control.check()?;
            self.work(&task, &control).await
        };
        let work = async {
            let outcome = work.await;
            if let Err(error) = &outcome {
                tracing::warn!(task = task.id, space = task.space_id, ?error, "a task failed");
            }
            self.clean_up(&task, outcome.is_err()).await;
            outcome
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            never = self.watch(&task.id, &control) => match never {},
        };
        self.record_end(&task, &control, &outcome).await;
        self.leave(&task.id);
        outcome.is_ok()
    }

    fn enter(&self, task: &Task) -> Arc<Control> {
        let control = Arc::new(Control::of(self.cut.child_token()));
        let running = Running { space: task.space_id.clone(), control: control.clone() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(task.id.clone(), running);
        control
    }

    fn leave(&self, id: &str) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.ended.notify_waiters();
    }

    /// Whether this instance works on a task.
    pub(crate) fn works_on(&self, id: &str) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    async fn work(&self, task: &Task, control: &Control) -> Result<()> {
        let database = self.database(&task.space_id);
        match &task.work {
            Work::Export { collection, file_type, fields } => {
                let key = export_key(&task.space_id, &task.id);
                export::run(&database, &self.objects, collection, *file_type, fields, &key, control).await
            }
            Work::Import { collection, file_type, mode, file } => {
                let import = Import { database: &database, collection, file_type: *file_type, mode: *mode };
                import.run(self.objects.get(file).await?, control).await
            }
            Work::Restore { backup_id, collections, .. } => {
                let restore = Restore { database: &database, task: &task.id, collections };
                restore.fill(&self.backups(&task.space_id), backup_id, control).await?;
                if !self.tasks.change(&task.id, json!({"work.complete": true})).await? {
                    control.stop();
                    control.check()?;
                }
                restore.publish().await
            }
            Work::Backup { backup_id } => self.backups(&task.space_id).make(&database, backup_id, task.created, control).await,
        }
    }

    /// Removes what a task that has ended leaves behind and nobody needs.
    pub(crate) async fn clean_up(&self, task: &Task, failed: bool) {
        let cleaned = match &task.work {
            Work::Import { file, .. } => self.objects.delete(file).await,
            Work::Restore { collections, .. } if failed => {
                Restore { database: &self.database(&task.space_id), task: &task.id, collections }.undo().await
            }
            Work::Backup { backup_id } if failed => self.backups(&task.space_id).remove_data(backup_id).await,
            _ => Ok(()),
        };
        if let Err(error) = cleaned {
            tracing::warn!(task = task.id, ?error, "what a task left behind could not be removed");
        }
    }

    /// Writes how far a task is, and stops it when it is no longer ours.
    async fn watch(&self, id: &str, control: &Control) -> Infallible {
        let (mut last, mut written) = (None, Instant::now());
        loop {
            sleep(WATCH).await;
            let progress = control.progress();
            if last == Some(progress) && written.elapsed() < HEARTBEAT {
                continue;
            }
            let set = json!({"succeeded": progress.succeeded, "failed": progress.failed, "percent": progress.percent});
            match self.tasks.change(id, set).await {
                Ok(true) => (last, written) = (Some(progress), Instant::now()),
                Ok(false) => control.stop(),
                Err(error) => tracing::warn!(task = id, ?error, "the progress of a task could not be recorded"),
            }
        }
    }

    async fn record_end(&self, task: &Task, control: &Control, outcome: &Result<()>) {
        let progress = control.progress();
        let (status, percent) = if outcome.is_ok() { (Status::Success, Some(100)) } else { (Status::Failed, progress.percent) };
        let message = outcome.as_ref().err().map(detail).unwrap_or_default();
        for attempt in 0..TRIES {
            let set = json!({
                "status": status, "succeeded": progress.succeeded, "failed": progress.failed, "percent": percent, "message": message,
            });
            match self.tasks.change(&task.id, set).await {
                Ok(_) => return,
                Err(error) => tracing::warn!(task = task.id, ?error, "the end of a task could not be recorded"),
            }
            sleep(Duration::from_millis(200 << attempt)).await;
        }
    }

    fn stop_tasks(&self, space: &str) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for task in running.values().filter(|task| task.space == space) {
            task.control.stop();
        }
    }

    /// Lets tasks end, then stops them.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        if timeout(GRACE, self.tracker.wait()).await.is_ok() {
            return;
        }
        self.cut.cancel();
        if timeout(LAST_WORDS, self.tracker.wait()).await.is_err() {
            tracing::warn!("tasks did not end in time; they will be marked as failed");
        }
    }

    /// Removes everything of a space. Doing it twice does no harm.
    ///
    /// # Errors
    /// What the database or the storage answers; then it must be done again.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        self.stop_tasks(space);
        let ended = timeout(LAST_WORDS, async {
            loop {
                let ended = self.ended.notified();
                let busy = self.running.lock().unwrap_or_else(PoisonError::into_inner).values().any(|task| task.space == space);
                if !busy {
                    break;
                }
                ended.await;
            }
        });
        let _ = ended.await;
        self.tasks.forget_space(space).await?;
        self.objects.delete_folder(&record::space_folder(space)).await?;
        self.backups(space).remove_all().await
    }
}

#[cfg(test)]
mod tests;
