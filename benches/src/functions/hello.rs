//! A function that does next to nothing: what is measured is all that is around it.

use serde_json::json;
use tokio::runtime::Runtime;

use super::{Comparison, Contenders, GREETING, Goal};
use crate::Result;
use crate::database::Cloud;
use crate::rounds::Turn;

const CONNECTIONS: [usize; 2] = [1, 64];

pub fn measure(runtime: &Runtime, cloud: &Cloud<'_>, turn: Turn) -> Result<Vec<Comparison>> {
    let contenders = Contenders::start(cloud, "hello", &json!({"name": "bench"}), GREETING)?;
    let measure = |connections: usize| {
        let title = format!("Hello, {connections} {}", if connections == 1 { "connection" } else { "connections" });
        println!("{title}");
        let series = contenders.compare(runtime, Turn { connections, ..turn });
        Comparison { title, unit: "requests/s", series, goal: Some(Goal::RateOfSecond) }
    };
    Ok(CONNECTIONS.into_iter().map(measure).collect())
}
