//! Functions that have much to do: with JSON, and with integers.

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Comparison, Contenders};
use crate::Result;
use crate::database::Cloud;
use crate::rounds::Turn;

/// How many orders make 100 KB.
const ORDERS: u32 = 400;
/// What they have in them, as the function counts it.
const VALUES: &str = r#""values":4800,"#;
/// How often the loop turns, which takes about 5 ms.
const LOOPS: u32 = 1_000_000;
/// What it comes to.
const DIGEST: &str = r#""digest":"600879ca-70cbd3bb""#;

pub fn measure(runtime: &Runtime, cloud: &Cloud<'_>, turn: Turn) -> Result<Vec<Comparison>> {
    let mut all = Vec::new();
    for (name, title, arguments, proof) in [
        ("json", "100 KB of nested JSON in and out, each value touched", orders(), VALUES),
        ("compute", "Integer arithmetic of about 5 ms", json!({"rounds": LOOPS}), DIGEST),
    ] {
        println!("{title}");
        let series = Contenders::start(cloud, name, &arguments, proof)?.compare(runtime, turn);
        all.push(Comparison { title: title.into(), unit: "requests/s", series, goal: None });
    }
    Ok(all)
}

fn orders() -> Value {
    let order = |n: u32| {
        let address = json!({
            "city": "Hangzhou", "zip": format!("3100{}", n % 90 + 10),
            "place": {"x": 120.1 + f64::from(n) / 1000.0, "y": 30.2 + f64::from(n) / 1000.0},
        });
        json!({
            "id": n, "name": format!("Order {n} of the benches"), "price": f64::from(n) * 1.25, "paid": n.is_multiple_of(2),
            "tags": ["red", "green", "blue"], "address": address, "note": "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        })
    };
    json!({"orders": (0..ORDERS).map(order).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_are_as_large_as_is_said() {
        let bytes = orders().to_string().len();
        assert!((95_000..110_000).contains(&bytes), "{bytes}");
    }
}
