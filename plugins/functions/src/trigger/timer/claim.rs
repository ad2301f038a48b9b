//! Records of fires: who inserts one deals with the fire.
//!
//! An error may hide that the record was inserted: the answer was lost, or came too late. So the record
//! names its node, which reads it again.

use std::collections::HashMap;
use std::sync::PoisonError;

use sdk_plugin::Result;
use serde_json::{Value, json};
use uuid::Uuid;

use super::watch::Timer;
use crate::record::{Function, iso};
use crate::service::{Edge, Service};

/// How many claims are remembered whose answer was an error. One that is forgotten is not run.
const MAX_UNSURE: usize = 10_000;

fn remember(unsure: &mut HashMap<String, u64>, id: &str, due: u64) {
    if unsure.len() >= MAX_UNSURE
        && let Some(oldest) = unsure.iter().min_by_key(|(_, due)| **due).map(|(id, _)| id.clone())
    {
        unsure.remove(&oldest);
    }
    unsure.insert(id.to_owned(), due);
}

/// The `_id` of the record of a fire.
fn id(timer: &Timer, due: u64) -> String {
    format!("{}/{}/{due}", timer.space, timer.name)
}

impl<E: Edge> Service<E> {
    /// Whether this node is the one that deals with a fire. Says yes once.
    pub(super) async fn claim(&self, timer: &Timer, due: u64) -> Result<bool> {
        let timers = &self.triggers.timers;
        let id = id(timer, due);
        let record = json!({"_id": id, "spaceId": timer.space, "functionName": timer.name, "due": due, "node": timers.node});
        let inserted = timers.records.insert(record).await;
        let unsure = || timers.unsure.lock().unwrap_or_else(PoisonError::into_inner);
        match inserted {
            Ok(true) => {
                unsure().remove(&id);
                return Ok(true);
            }
            Ok(false) if !unsure().contains_key(&id) => return Ok(false),
            Ok(false) => {}
            Err(_) => remember(&mut unsure(), &id, due),
        }
        // While this cannot be answered either, the fire is due again.
        let found: Option<Value> = timers.records.get(&id).await?;
        match (found, inserted) {
            (Some(record), _) => Ok(unsure().remove(&id).is_some() && record["node"] == timers.node.as_str()),
            (None, inserted) => inserted,
        }
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
