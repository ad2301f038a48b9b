//! Records of fires: who inserts one deals with the fire.

use sdk_plugin::Result;
use serde_json::{Value, json};
use uuid::Uuid;

use super::watch::Timer;
use crate::record::{Function, iso};
use crate::service::{Edge, Service};

/// The `_id` of the record of a fire.
fn id(timer: &Timer, due: u64) -> String {
    format!("{}/{}/{due}", timer.space, timer.name)
}

impl<E: Edge> Service<E> {
    /// Whether this node is the one that deals with a fire.
    pub(super) async fn claim(&self, timer: &Timer, due: u64) -> Result<bool> {
        let record = json!({"_id": id(timer, due), "spaceId": timer.space, "functionName": timer.name, "due": due});
        self.triggers.timers.records.insert(record).await
    }

    /// Tells of fires for which nobody was there, once for all nodes, in the function's log and the
    /// server's.
    pub(super) async fn report_missed(&self, timer: &Timer, times: &[u64]) -> Result<()> {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(()) };
        if !self.claim(timer, *last).await? {
            return Ok(());
        }
        // The first may have been run just before the last node ended.
        let ran = first != last && self.triggers.timers.records.get::<Value>(&id(timer, *first)).await?.is_some();
        let function: Option<Function> = self.functions.get(&Function::id(&timer.space, &timer.name)).await?;
        let missed = times.get(usize::from(ran)..).unwrap_or_default();
        if let (Some(first), true) = (missed.first(), function.is_some_and(|function| function.timer_config == timer.config)) {
            let (count, first, last) = (missed.len(), iso(*first), iso(*last));
            tracing::warn!(space = timer.space, function = timer.name, count, first, last, "a timer was due while no server was running");
            let text = format!(
                "the timer `{}` was due {count} times while no server was running, first at {first}, last at {last}; the function was not run",
                timer.config
            );
            self.note(&timer.space, &timer.name, Uuid::new_v4().to_string(), text);
        }
        Ok(())
    }
}
