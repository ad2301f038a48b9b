//! How many orders all nodes together may place, so that an authority's limits are kept.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::Collection;
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use crate::clock::{Clock, HOUR};

/// The record of the authority's own wish.
const PAUSE: &str = "pause";

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
    /// `Limited` when there is none left, or the authority has asked for a pause.
    pub async fn take(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        if let Some(Pause { until }) = self.records.get(PAUSE).await?.filter(|pause: &Pause| pause.until > now) {
            return Err(Failure::Limited("the authority asks for a pause".to_owned(), Some(until)));
        }
        let hour = now / HOUR;
        let id = format!("hour/{hour}");
        let left = json!({"_id": id, "orders": {"$lt": self.most}});
        let one = json!({"$inc": {"orders": 1}});
        if self.records.update(left.clone(), one.clone()).await? > 0 {
            return Ok(());
        }
        self.records.delete(json!({"hour": {"$lt": hour}})).await?;
        if self.records.insert(json!({"_id": id, "space": "", "hour": hour, "orders": 1})).await? {
            return Ok(());
        }
        // Another node has begun the hour, or it is used up.
        if self.records.update(left, one).await? > 0 {
            return Ok(());
        }
        let reason = format!(
            "the server has placed {} orders for certificates within the hour, which is all it may (max_orders_per_hour)",
            self.most
        );
        Err(Failure::Limited(reason, Some((hour + 1) * HOUR)))
    }

    /// Keeps all nodes from ordering until a time.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn pause(&self, until: u64) -> Result<()> {
        self.records.upsert(json!({"_id": PAUSE}), json!({"$set": {"space": "", "until": until}})).await
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
            nodes[turn % 2].take().await.unwrap();
        }
        for budget in &nodes {
            let refused = budget.take().await.unwrap_err();
            assert!(matches!(refused, Failure::Limited(_, Some(until)) if until == HOUR * 101), "{refused:?}");
        }
        clock.advance(HOUR);
        nodes[1].take().await.unwrap();
        nodes[0].pause(clock.now() + 10).await.unwrap();
        let paused = nodes[1].take().await.unwrap_err();
        assert!(matches!(paused, Failure::Limited(_, Some(until)) if until == clock.now() + 10), "{paused:?}");
        clock.advance(10);
        nodes[1].take().await.unwrap();
    }
}
