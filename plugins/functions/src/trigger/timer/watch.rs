//! Which timers there are, and which of them are due.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono_tz::Tz;
use futures_util::{StreamExt, stream};
use sdk_plugin::Result;
use serde::Deserialize;
use serde_json::json;

use super::LATE;
use crate::record::Function;
use crate::service::{Edge, Service};
use crate::trigger::Schedule;

/// The `_id` of the record that nodes share. No fire has it: theirs contain a slash.
pub const SHARED: &str = "shared";
/// How often it is looked for changes of other nodes, in milliseconds.
pub const POLL: u64 = 5_000;
/// How often all timers are read, changed or not, in milliseconds.
const RELOAD: u64 = 300_000;
/// How often it is noted that timers are watched, in milliseconds.
const NOTE: u64 = 30_000;
/// How soon the database is asked again after an error, in milliseconds.
const RETRY: u64 = 1_000;
/// How often old records are removed, and how old they are then, in milliseconds.
const CLEAN: u64 = 3_600_000;
const KEEP: u64 = 2 * 24 * CLEAN;
/// For how long missed fires are counted, in milliseconds: 400 days.
const COUNTED: u64 = 400 * 24 * CLEAN;
/// How many functions are read at once.
const PAGE: usize = 500;
/// How many fires are claimed at the same time.
const AT_ONCE: usize = 16;

/// What one node knows of the timers.
#[derive(Default)]
pub struct Watch {
    timers: Vec<Timer>,
    version: Option<String>,
    /// When the shared record and the timers were read last.
    looked: Option<u64>,
    loaded: u64,
    /// Every fire up to here was dealt with.
    through: Option<u64>,
    noted: u64,
    cleaned: u64,
    failing: bool,
}

/// A timer.
#[derive(Clone, Debug)]
pub struct Timer {
    pub space: String,
    pub name: String,
    pub config: String,
    pub schedule: Schedule,
    /// When it was set.
    pub since: u64,
}

/// What nodes share.
#[derive(Default, Deserialize)]
struct Shared {
    #[serde(default)]
    version: Option<String>,
    /// Up to when some node has watched.
    #[serde(default)]
    seen: Option<u64>,
}

impl Timer {
    /// The timer of a function, if it has one.
    pub fn of(function: &Function) -> Option<Self> {
        if function.timer_config.is_empty() {
            return None;
        }
        let schedule = Schedule::parse(&function.timer_config)
            .inspect_err(|error| tracing::error!(function = function.id, %error, "the record of a timer cannot be read"))
            .ok()?;
        Some(Self {
            space: function.space_id.clone(),
            name: function.name.clone(),
            config: function.timer_config.clone(),
            schedule,
            since: function.timer_since,
        })
    }

    /// The times after `from` and until `to` at which it was due.
    pub fn due(&self, from: u64, to: u64, zone: Tz) -> Vec<u64> {
        let from = from.max(self.since).max(to.saturating_sub(COUNTED));
        let times = std::iter::successors(self.schedule.next(from, zone), |time| self.schedule.next(*time, zone));
        times.take_while(|time| *time <= to).collect()
    }
}

impl<E: Edge> Service<E> {
    /// Deals with what is due at `now`, in milliseconds since 1970; says when to come again. Calls
    /// for one `watch` must have times that do not go back; where they do, nothing is due.
    pub(crate) async fn tick(self: &Arc<Self>, watch: &mut Watch, now: u64) -> u64 {
        let done = self.look_and_fire(watch, now).await;
        if let Err(error) = &done
            && !watch.failing
        {
            tracing::warn!(?error, "timers cannot be watched; trying again");
        }
        watch.failing = done.is_err();
        if watch.failing {
            return now + RETRY;
        }
        let zone = self.config.timer_zone;
        let next = watch.timers.iter().filter_map(|timer| timer.schedule.next(now.max(timer.since), zone)).min();
        next.unwrap_or(u64::MAX).min(now + POLL)
    }

    async fn look_and_fire(self: &Arc<Self>, watch: &mut Watch, now: u64) -> Result<()> {
        let stale = self.triggers.timers.stale.swap(false, Ordering::AcqRel);
        if stale || watch.failing || watch.looked.is_none_or(|looked| now.saturating_sub(looked) >= POLL) {
            self.look(watch, now).await?;
        }
        let through = watch.through.unwrap_or(now).min(now);
        let zone = self.config.timer_zone;
        let due = watch.timers.iter().map(|timer| (timer.clone(), timer.due(through, now, zone))).filter(|(_, times)| !times.is_empty());
        let due: Vec<(Timer, Vec<u64>)> = due.collect();
        let fired = !due.is_empty();
        let dealt =
            stream::iter(due).map(|(timer, times)| self.deal(timer, times, now)).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        // What could not be claimed is due again; what could is not.
        dealt.into_iter().collect::<Result<()>>()?;
        watch.through = Some(now);
        if fired || now.saturating_sub(watch.noted) >= NOTE {
            self.triggers.timers.records.upsert(json!({"_id": SHARED}), json!({"$max": {"seen": now}})).await?;
            watch.noted = now;
        }
        if now.saturating_sub(watch.cleaned) >= CLEAN {
            self.triggers.timers.records.delete(json!({"due": {"$lt": now.saturating_sub(KEEP)}})).await?;
            watch.cleaned = now;
        }
        Ok(())
    }

    /// Reads what nodes share, and the timers where they have changed.
    async fn look(&self, watch: &mut Watch, now: u64) -> Result<()> {
        let shared: Shared = self.triggers.timers.records.get(SHARED).await?.unwrap_or_default();
        if watch.looked.is_none() || shared.version != watch.version || now.saturating_sub(watch.loaded) >= RELOAD {
            watch.timers = self.all_timers().await?;
            watch.version = shared.version;
            watch.loaded = now;
        }
        // After a pause of this node, what others have watched meanwhile was not missed.
        let paused = watch.through.is_none_or(|through| now.saturating_sub(through) > LATE);
        if paused && let Some(seen) = shared.seen {
            watch.through = watch.through.max(Some(seen));
        }
        watch.looked = Some(now);
        Ok(())
    }

    async fn all_timers(&self) -> Result<Vec<Timer>> {
        let mut timers = Vec::new();
        let mut last = String::new();
        loop {
            let query = json!({"timerConfig": {"$gt": ""}, "_id": {"$gt": last}});
            let page: Vec<Function> = self.functions.find(query, json!({"sort": {"_id": 1}, "limit": PAGE})).await?;
            timers.extend(page.iter().filter_map(Timer::of));
            match page.last() {
                Some(function) if page.len() >= PAGE => last.clone_from(&function.id),
                _ => return Ok(timers),
            }
        }
    }

    /// Runs the last of a timer's fires if it is not too late, and reports those that are.
    async fn deal(self: &Arc<Self>, timer: Timer, mut times: Vec<u64>, now: u64) -> Result<()> {
        if let Some(last) = times.pop_if(|last| now.saturating_sub(*last) <= LATE) {
            self.claim_and_run(&timer, last, now).await?;
        }
        if times.is_empty() { Ok(()) } else { self.report_missed(&timer, &times).await }
    }
}
