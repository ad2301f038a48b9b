//! The service's records, as they are in the system space.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A function. Its `_id` is `{space}/{name}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    #[serde(rename = "_id")]
    pub id: String,
    pub space_id: String,
    pub name: String,
    #[serde(default)]
    pub desc: String,
    pub runtime: String,
    /// Megabytes.
    pub memory: u32,
    /// Seconds.
    pub timeout: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Milliseconds since 1970.
    pub created: u64,
    pub modified: u64,
    /// The deployment whose code runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Its package, as [`Deployment::package`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The path of its HTTP trigger; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub http_path: String,
    /// When its timer is due, as [`Schedule`](crate::trigger::Schedule) reads it; empty for never.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub timer_config: String,
    /// What its timer hands over; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub timer_payload: String,
    /// When its timer was set, in milliseconds since 1970.
    #[serde(default)]
    pub timer_since: u64,
    /// The highest version number given so far.
    #[serde(default)]
    pub versions: u64,
}

impl Function {
    /// The `_id` of a space's function.
    pub fn id(space: &str, name: &str) -> String {
        format!("{space}/{name}")
    }

    /// How many calls an instance runs at once.
    pub fn concurrency(&self, default: u32) -> u32 {
        self.concurrency.unwrap_or(default).max(1)
    }

    /// `Spec` of the management API.
    pub fn spec(&self, default_concurrency: u32) -> Value {
        json!({
            "InstanceConcurrency": self.concurrency(default_concurrency),
            "Memory": self.memory.to_string(),
            "Runtime": self.runtime,
            "Timeout": self.timeout.to_string(),
        })
    }

    /// What the management API tells of a function.
    pub fn describe(&self, default_concurrency: u32) -> Value {
        json!({
            "CreatedAt": iso(self.created),
            "Desc": self.desc,
            "ModifiedAt": iso(self.modified),
            "Name": self.name,
            "HttpTriggerPath": self.http_path,
            "TimingTriggerConfig": self.timer_config,
            "TimingTriggerUserPayload": self.timer_payload,
            "Spec": self.spec(default_concurrency),
        })
    }
}

/// How far a deployment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its package.
    Created,
    /// Its package is there.
    Uploaded,
    /// It has been a version of the function.
    Deployed,
}

impl Status {
    /// The name that the management API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Uploaded => "uploaded",
            Self::Deployed => "deployed",
        }
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Created => "waiting for the package",
            Self::Uploaded => "uploaded",
            Self::Deployed => "deployed",
        }
    }
}

/// A deployment of a function. Its `_id` is the `DeploymentId`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    #[serde(rename = "_id")]
    pub id: String,
    pub space_id: String,
    pub name: String,
    pub status: Status,
    /// The name of its package in the function's folder. Each upload has one of its own, so that
    /// what was checked is what runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// 0 until it is deployed.
    #[serde(default)]
    pub version: u64,
    pub created: u64,
    pub modified: u64,
}

/// Where a package lies in the system space's storage. No client can address that space, so that
/// no rule of a space can ever open a package to its mini program.
pub fn package_key(space: &str, name: &str, package: &str) -> String {
    format!("{}/{package}.zip", package_folder(space, name))
}

/// The folder of a function's packages.
pub fn package_folder(space: &str, name: &str) -> String {
    format!("{}/{name}", space_folder(space))
}

/// The folder of a space's packages.
pub fn space_folder(space: &str) -> String {
    format!("functions/{space}")
}

/// A time in milliseconds since 1970 as `2026-01-02T03:04:05.678Z`.
pub fn iso(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    // Days to a date by counting from 1 March of the year 0: leap days come last then.
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_are_iso() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(iso(4_102_444_799_999), "2099-12-31T23:59:59.999Z");
    }
}
