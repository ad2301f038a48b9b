//! What is done every few seconds: tasks whose owner is gone are ended, old ones forgotten.

use std::sync::Arc;
use std::time::Duration;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use serde_json::json;

use crate::calendar::now;
use crate::code::{INTERNAL_ERROR, INVALID_FILE_FORMAT, detail};
use crate::control::STOPPED;
use crate::record::{Status, Task, Work, task_folder};
use crate::restore::Restore;
use crate::service::Service;
use crate::signature::VALID;
use crate::tasks::KEPT;

/// How often.
const EVERY: Duration = Duration::from_secs(10);

impl<C: Calls> Service<C> {
    /// Sweeps until the plugin stops; looks for a missed backup at once.
    pub async fn keep_house(self: Arc<Self>) {
        self.look_at_the_clock();
        loop {
            if let Err(error) = self.sweep().await {
                tracing::warn!(?error, "tasks could not be looked through");
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Ends tasks that nobody works on, and forgets old ones.
    ///
    /// # Errors
    /// What the database or the storage answers; the rest is done the next time.
    pub async fn sweep(&self) -> Result<()> {
        for task in self.tasks.lapsed().await? {
            if !self.works_on(&task.id) && self.tasks.take_over(&task).await? {
                self.end(&task).await?;
            }
        }
        let now = now();
        for task in self.tasks.without_file(now.saturating_sub(VALID)).await? {
            // An upload that began in time may still be under way.
            let patience = crate::upload::PATIENCE.as_millis() as u64;
            if now.saturating_sub(task.created) > VALID + patience {
                let message = format!("{INVALID_FILE_FORMAT}: no file was uploaded before the time that was given for it");
                self.tasks.expire(&task.id, &message).await?;
            }
        }
        for task in self.tasks.ended(now.saturating_sub(KEPT)).await? {
            self.objects.delete_folder(&task_folder(&task.space_id, &task.id)).await?;
            self.tasks.forget(&task.id).await?;
        }
        Ok(())
    }

    async fn end(&self, task: &Task) -> Result<()> {
        tracing::warn!(task = task.id, space = task.space_id, "a task is ended whose server has stopped");
        let outcome = match &task.work {
            Work::Restore { collections, complete: true, .. } => {
                Restore { database: &self.database(&task.space_id), task: &task.id, collections }
                    .go_on_publishing()
                    .await
                    .map_err(|error| detail(&error))
            }
            _ => Err(format!("{INTERNAL_ERROR}: {STOPPED}")),
        };
        self.clean_up(task, outcome.is_err()).await;
        let set = match outcome {
            Ok(()) => json!({"status": Status::Success, "percent": 100}),
            Err(message) => json!({"status": Status::Failed, "message": message}),
        };
        self.tasks.change(&task.id, set).await.map(drop)
    }
}
