//! Running the function of a timer that is due.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sdk_plugin::{Call, Caller, CallerKind, Result, codes};
use serde_json::json;
use uuid::Uuid;

use super::LATE;
use super::watch::Timer;
use crate::record::{Function, iso};
use crate::runtime::now;
use crate::service::{Edge, Service};

/// How much later than the function the server gives up, so that the function's own limit answers.
const MARGIN: Duration = Duration::from_secs(1);
/// How soon a function is tried again for which there was no room.
const AGAIN: Duration = Duration::from_secs(1);

/// A function that a timer runs.
pub struct Running {
    space: String,
    name: String,
    due: u64,
}

impl<E: Edge> Service<E> {
    /// Runs a function, unless another node does or the timer has been changed since it was read.
    pub(super) async fn claim_and_run(self: &Arc<Self>, timer: &Timer, due: u64, at: u64) -> Result<()> {
        let function: Option<Function> = self.functions.get(&Function::id(&timer.space, &timer.name)).await?;
        let Some(function) = function else { return Ok(()) };
        let still = Timer::of(&function).filter(|timer| timer.due(due - 1, due, self.config.timer_zone) == [due]);
        if still.is_none() || !self.claim(timer, due).await? {
            return Ok(());
        }
        let mut args = json!({"timingTriggerConfig": function.timer_config, "timestamp": at});
        // The vendor's name for it, by its API reference.
        if !function.timer_payload.is_empty() {
            args["userPayload"] = function.timer_payload.into();
        }
        let id = Uuid::new_v4().to_string();
        let running = Running { space: function.space_id, name: function.name, due };
        self.triggers.timers.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), running);
        tokio::spawn(self.clone().fire(id, timer.clone(), due, args.to_string()));
        Ok(())
    }

    async fn fire(self: Arc<Self>, id: String, timer: Timer, due: u64, args: String) {
        let timers = &self.triggers.timers;
        let slot = timers.slots.take(&timer.space).await;
        if let Err(error) = self.run_timer(&id, &timer, due, &args).await {
            tracing::warn!(request_id = id, space = timer.space, function = timer.name, ?error, "a timer could not run its function");
            let text = format!("the timer `{}`, due at {}, could not run the function: {}", timer.config, iso(due), error.message());
            self.note(&timer.space, &timer.name, id.clone(), text);
        }
        drop(slot);
        timers.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        timers.ended.notify_waiters();
    }

    /// Runs the function, and waits for room while it is not too late.
    async fn run_timer(&self, id: &str, timer: &Timer, due: u64, args: &str) -> Result<()> {
        if !self.is_open(&timer.space).await? {
            return Ok(());
        }
        loop {
            let mut call = Call::new(timer.space.as_str(), crate::plugin::INVOKE, "");
            call.caller = Caller::of(CallerKind::Timer);
            id.clone_into(&mut call.request_id);
            call.deadline = Instant::now() + Duration::from_secs(self.config.max_timer_seconds) + MARGIN;
            match self.run(call, &timer.name, args.to_owned()).await {
                // What became of it is in the function's log.
                Ok(_) => return Ok(()),
                Err(error) if error.code() == codes::THROTTLED_CONCURRENCY && now().saturating_sub(due) < LATE => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Notes in the logs of functions that the server ends before they do.
    pub(super) fn note_interrupted(&self) {
        let running = self.triggers.timers.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, Running { space, name, due }) in running.iter() {
            tracing::warn!(request_id = id, space, function = name, "a function that a timer runs is interrupted by the end of the plugin");
            self.note(
                space,
                name,
                id.clone(),
                format!("the run of {} was interrupted: the server was stopped or its plugin reloaded", iso(*due)),
            );
        }
    }
}
