//! A server that collects, and days that do not end while a test runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Answer, Server, Space, Wire, utc};
use serde_json::{Value, json};

/// What clients call.
pub const COLLECT: &str = "analytics.collect";
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A server with a space.
pub struct Cloud {
    pub server: Server,
    pub space: Space,
    /// The days of its applications: one zone for all the test, whatever the time becomes meanwhile.
    pub days: Days,
}

impl Cloud {
    /// One that folds every second.
    pub fn start() -> Self {
        Self::with("fold_seconds = 1")
    }

    /// One with these keys of the plugin.
    pub fn with(config: &str) -> Self {
        let server = Server::with_config(&format!(
            "[plugins.analytics]\nconfig = {{ {config} }}\n\n[plugins.inspector]\nlibrary = \"fixture_inspector\"\n"
        ));
        let space = server.space("counted");
        Self { server, space, days: Days::now() }
    }

    /// Makes an application whose days are the cloud's.
    pub fn app(&self, name: &str) -> String {
        let app = self.ask("analytics.apps.create", &json!({"name": name, "platform": "alipay", "timeZone": self.days.zone()}));
        app["appKey"].as_str().unwrap_or_else(|| panic!("no AppKey: {app}")).to_owned()
    }

    /// Calls a method in the space, as an administrator.
    #[track_caller]
    pub fn ask(&self, method: &str, params: &Value) -> Value {
        let answer = self.act(method, params);
        let reply = answer.json();
        assert_eq!(answer.status, 200, "{method} {params}: {reply}");
        let result = reply["Result"].as_str().unwrap_or_else(|| panic!("{method} has no result: {reply}"));
        serde_json::from_str(result).unwrap_or_else(|e| panic!("{method}: {e}: {result}"))
    }

    /// The code that a method refuses an administrator with.
    #[track_caller]
    pub fn refusal(&self, method: &str, params: &Value) -> String {
        let answer = self.act(method, params);
        let reply = answer.json();
        assert_ne!(answer.status, 200, "{method} {params}: {reply}");
        reply["Code"].as_str().unwrap_or_else(|| panic!("{method} has no code: {reply}")).to_owned()
    }

    #[track_caller]
    fn act(&self, method: &str, params: &Value) -> Answer {
        let parameters = [("SpaceId", self.space.id.as_str()), ("Method", method), ("Params", &params.to_string())];
        self.server.management().act("CallMethod", &parameters)
    }

    /// A report.
    #[track_caller]
    pub fn report(&self, name: &str, key: &str, params: Value) -> Value {
        let mut params = params;
        params["appKey"] = key.into();
        self.ask(&format!("analytics.report.{name}"), &params)
    }

    /// The launches of all days until today.
    pub fn launches(&self, key: &str) -> u64 {
        let report = self.report("launches", key, json!({"from": self.days.date(40), "to": self.days.date(0)}));
        report["total"].as_u64().unwrap_or_else(|| panic!("no total: {report}"))
    }

    /// A mini program that is signed in.
    pub fn client(&self) -> Wire {
        self.server.wire(&self.space).authorized()
    }

    /// What the database or the storage has, by a plugin that may look where no client may.
    pub fn look(&self, method: &str, params: Value) -> Value {
        let call = json!({"space": "mpcloud-system", "method": method, "params": params}).to_string();
        self.server.run_json(&["call", "test.look", &call])
    }
}

/// Sends events of a device, which are to be accepted.
#[track_caller]
pub fn send(client: &Wire, key: &str, device: &str, events: &Value) {
    let answer = client.call(COLLECT, batch(key, device, events)).data();
    assert_eq!(answer["accepted"], events.as_array().map_or(0, Vec::len), "{answer}");
}

/// The parameters of a batch, as the client package makes them.
pub fn batch(key: &str, device: &str, events: &Value) -> Value {
    json!({
        "appKey": key, "batch": uuid::Uuid::new_v4().to_string(), "device": device, "platform": "alipay",
        "sdk": "0.1.0", "sentAt": now(), "events": events,
    })
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    i64::try_from(since.as_millis()).expect("the clock is before the year 292,000,000")
}

/// Days of a time zone where it is between 6 and 18 o'clock now.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// How far its clocks are before UTC, in milliseconds.
    offset: i64,
    /// When today began.
    midnight: i64,
}

impl Days {
    fn now() -> Self {
        let now = now();
        let hour = now.rem_euclid(DAY) / HOUR;
        let offset = if (6..18).contains(&hour) { 0 } else { 12 * HOUR };
        Self { offset, midnight: (now + offset).div_euclid(DAY) * DAY - offset }
    }

    /// Its name. Those of `Etc` count hours behind UTC.
    pub fn zone(self) -> &'static str {
        if self.offset == 0 { "Etc/UTC" } else { "Etc/GMT-12" }
    }

    /// An instant so many days ago, in milliseconds since 1970.
    pub fn at(self, ago: i64, hour: i64, minute: i64) -> i64 {
        self.midnight - ago * DAY + hour * HOUR + minute * MINUTE
    }

    /// The date so many days ago.
    pub fn date(self, ago: i64) -> String {
        let millis = u64::try_from(self.midnight + self.offset - ago * DAY).expect("after 1970");
        utc(UNIX_EPOCH + Duration::from_millis(millis)).chars().take(10).collect()
    }

    /// How many days ago an instant was.
    pub fn ago(self, millis: i64) -> i64 {
        (self.midnight - millis + DAY - 1).div_euclid(DAY)
    }
}
