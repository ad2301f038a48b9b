//! An application with so few events that all its figures can be seen:
//!
//! | days ago | device | launches | time in front |
//! | --- | --- | --- | --- |
//! | 3 | a, by `poster` | 09:15 | 60 s |
//! | 3 | b, by no channel | 10:20 | 5 s |
//! | 2 | a | 09:00 | 30 s |
//! | 2 | c, by `friends` | 11:00 | none |
//! | 1 | a | 08:00, 20:30 | 10 s, 200 s |
//! | 1 | c | 12:00 | 2 s |
//! | 0 | a | 00:20 | 1 s |
//! | 0 | d, by `poster` | 00:10 | none |

use e2e::wait_for;
use serde_json::{Value, json};

use crate::cloud::{Cloud, Days, send};

/// A cloud with such an application.
pub struct Week {
    pub cloud: Cloud,
    pub key: String,
    pub days: Days,
}

impl Week {
    /// One that was folded.
    pub fn start() -> Self {
        let cloud = Cloud::start();
        let days = cloud.days;
        let key = cloud.app("tea");
        let client = cloud.client();
        let event = |ago: i64, hour: i64, minute: i64, seconds: i64, channel: Option<&str>| {
            let mut event = json!({"start": days.at(ago, hour, minute), "duration": seconds * 1000});
            if let Some(channel) = channel {
                event["channel"] = channel.into();
            }
            event
        };
        let poster = Some("poster");
        // Late and out of order, and a launch is told before its time.
        send(&client, &key, "a", &json!([event(1, 20, 30, 200, poster), event(1, 8, 0, 10, poster), event(3, 9, 15, 0, poster)]));
        send(&client, &key, "a", &json!([event(3, 9, 15, 60, poster), event(2, 9, 0, 30, poster), event(0, 0, 20, 1, poster)]));
        send(&client, &key, "b", &json!([event(3, 10, 20, 5, None)]));
        send(&client, &key, "c", &json!([event(1, 12, 0, 2, Some("friends")), event(2, 11, 0, 0, Some("friends"))]));
        send(&client, &key, "d", &json!([event(0, 0, 10, 0, poster)]));
        wait_for("all launches", || (cloud.launches(&key) == 9).then_some(()));
        let rows = || {
            let listed = cloud.ask("analytics.export.list", &json!({"appKey": key}));
            listed["files"].as_array().into_iter().flatten().filter_map(|file| file["rows"].as_u64()).sum::<u64>()
        };
        wait_for("the fold", || (rows() >= 9).then_some(()));
        Self { cloud, key, days }
    }

    /// The parameters for the three days before today.
    pub fn three_days(&self) -> Value {
        json!({"from": self.days.date(3), "to": self.days.date(1)})
    }

    #[track_caller]
    pub fn report(&self, name: &str, params: Value) -> Value {
        self.cloud.report(name, &self.key, params)
    }

    /// Every report, with parameters: its name as a method has it, and as the command line has it.
    pub fn reports(&self) -> Vec<(&'static str, &'static str, Value)> {
        let (days, date) = (self.three_days(), json!({"date": self.days.date(1)}));
        vec![
            ("overview", "overview", json!({})),
            ("realtime", "realtime", json!({})),
            ("trend", "trend", days.clone()),
            ("newUsers", "new-users", days.clone()),
            ("activeUsers", "active-users", days.clone()),
            ("launches", "launches", days.clone()),
            ("retention", "retention", days.clone()),
            ("useTime", "use-time", date.clone()),
            ("frequency", "frequency", date.clone()),
            ("channelTop", "channel-top", date),
            ("channelDay", "channel-day", json!({"date": self.days.date(3)})),
            ("channelList", "channel-list", days.clone()),
            ("channelTrend", "channel-trend", days),
        ]
    }
}
