//! How many orders all nodes together may place, so that an authority's limits are kept.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use crate::clock::{Clock, HOUR};

/// The record of the authority's own wish.
const PAUSE: &str = "pause";

/// The record of what the authority asks of one space.
fn pause_of(space: &str) -> String {
    format!("{PAUSE}/{space}")
}

/// How many orders a space may place in an hour at least.
const LEAST_SHARE: u64 = 5;

/// The orders of the hour.
pub struct Budget<C> {
    records: Collection<C>,
    clock: Clock,
    most: u64,
}

#[derive(Deserialize)]
struct Pause {
    until: u64,
}

impl<C: Calls> Budget<C> {
    /// A budget of so many orders an hour.
    pub fn new(records: Collection<C>, clock: Clock, most: u64) -> Self {
        Self { records, clock, most }
    }

    /// Takes an order from the budget.
    ///
    /// # Errors
    /// `Limited` when there is none left, or the authority has asked for a pause; `Crowded` when the
    /// space has had its share.
    pub async fn take(&self, space: &str) -> Result<(), Failure> {
        let now = self.clock.now();
        for id in [PAUSE, &pause_of(space)] {
            if let Some(Pause { until }) = self.records.get(id).await?.filter(|pause: &Pause| pause.until > now) {
                return Err(Failure::Limited("the authority asks for a pause".to_owned(), Some(until)));
            }
        }
        let hour = now / HOUR;
        let share = (self.most / 5).max(LEAST_SHARE);
        // The server's own names are no space's.
        if !space.is_empty() && !self.count(&format!("hour/{hour}/{space}"), hour, share).await? {
            let reason =
                format!("the space has placed {share} orders for certificates within the hour, which is its share of those of all");
            return Err(Failure::Crowded(reason, (hour + 1) * HOUR));
        }
        if self.count(&format!("hour/{hour}"), hour, self.most).await? {
            return Ok(());
        }
        let reason = format!(
            "the server has placed {} orders for certificates within the hour, which is all it may (max_orders_per_hour)",
            self.most
        );
        Err(Failure::Limited(reason, Some((hour + 1) * HOUR)))
    }

    /// Counts an order of an hour; false when there were as many as may be.
    async fn count(&self, id: &str, hour: u64, most: u64) -> Result<bool> {
        let left = json!({"_id": id, "orders": {"$lt": most}});
        let one = json!({"$inc": {"orders": 1}});
        if self.records.update(left.clone(), one.clone()).await? > 0 {
            return Ok(true);
        }
        self.records.delete(json!({"hour": {"$lt": hour}})).await?;
        if self.records.insert(json!({"_id": id, "space": "", "hour": hour, "orders": 1})).await? {
            return Ok(true);
        }
        // Another node has begun the hour, or it is used up.
        Ok(self.records.update(left, one).await? > 0)
    }

    /// Keeps all nodes from ordering for a space until a time. Many limits are of one name, which
    /// must not keep the other spaces waiting: they do once another space meets a limit as well, or
    /// the server does for its own names.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn pause(&self, space: &str, until: u64) -> Result<()> {
        let (now, own) = (self.clock.now(), pause_of(space));
        self.records.delete(json!({"paused": {"$lt": now}})).await?;
        let pause = json!({"$set": {"space": "", "until": until, "paused": until}});
        self.records.upsert(json!({"_id": own}), pause.clone()).await?;
        let others = json!({"paused": {"$gt": now}, "_id": {"$nin": [own, PAUSE]}});
        if space.is_empty() || self.records.find_one::<Value>(others).await?.is_some() {
            self.records.upsert(json!({"_id": PAUSE}), pause).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::SYSTEM_SPACE;

    use super::*;
    use crate::testing::Memory;

    #[tokio::test]
    async fn all_nodes_share_what_an_hour_has() {
        let (clock, memory) = (Clock::set_to(HOUR * 100), Memory::default());
        let node = || Budget::new(Collection::new(memory.clone(), SYSTEM_SPACE, "acmeBudget"), clock.clone(), 3);
        let nodes = [node(), node()];
        for turn in 0..3 {
            nodes[turn % 2].take("s").await.unwrap();
        }
        for budget in &nodes {
            let refused = budget.take("s").await.unwrap_err();
            assert!(matches!(refused, Failure::Limited(_, Some(until)) if until == HOUR * 101), "{refused:?}");
        }
        clock.advance(HOUR);
        nodes[1].take("s").await.unwrap();
        nodes[0].pause("", clock.now() + 10).await.unwrap();
        let paused = nodes[1].take("s").await.unwrap_err();
        assert!(matches!(paused, Failure::Limited(_, Some(until)) if until == clock.now() + 10), "{paused:?}");
        clock.advance(10);
        nodes[1].take("s").await.unwrap();
    }

    #[tokio::test]
    async fn a_limit_that_one_space_meets_is_its_own_until_another_meets_one() {
        let clock = Clock::set_to(HOUR * 100);
        let budget = Budget::new(Collection::new(Memory::default(), SYSTEM_SPACE, "acmeBudget"), clock.clone(), 50);
        let until = clock.now() + 10;
        budget.pause("s", until).await.unwrap();
        let paused = budget.take("s").await.unwrap_err();
        assert!(matches!(paused, Failure::Limited(_, Some(at)) if at == until), "{paused:?}");
        // However often it meets one.
        budget.pause("s", until).await.unwrap();
        budget.take("t").await.unwrap();
        budget.take("").await.unwrap();
        budget.pause("t", until).await.unwrap();
        for space in ["s", "t", "u", ""] {
            budget.take(space).await.unwrap_err();
        }
        clock.advance(10);
        for space in ["s", "t", "u", ""] {
            budget.take(space).await.unwrap();
        }
        // What has passed counts no more.
        budget.pause("s", clock.now() + 10).await.unwrap();
        budget.take("t").await.unwrap();
    }

    #[tokio::test]
    async fn a_space_leaves_something_to_the_others() {
        let budget = Budget::new(Collection::new(Memory::default(), SYSTEM_SPACE, "acmeBudget"), Clock::set_to(HOUR * 100), 50);
        for _ in 0..10 {
            budget.take("s").await.unwrap();
        }
        let refused = budget.take("s").await.unwrap_err();
        assert!(matches!(refused, Failure::Crowded(_, until) if until == HOUR * 101), "{refused:?}");
        budget.take("t").await.unwrap();
    }
}
