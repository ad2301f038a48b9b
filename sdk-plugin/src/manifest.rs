//! What a plugin is, what it provides, and what it may do.

use serde::{Deserialize, Serialize};

/// What a plugin declares of itself. The host refuses whatever was not declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin's name, for people; the TOML file gives each instance its id.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Methods it provides. Filled in from [`Plugin::methods`](crate::Plugin::methods).
    pub methods: Vec<String>,
    /// Methods that only plugins, administrators and mpcloud itself may call; mini programs, the
    /// server SDK and cloud functions are answered as if they did not exist. A name that ends in
    /// `*` stands for all that begin so.
    pub internal: Vec<String>,
    /// Methods it may call. A name that ends in `*` stands for all that begin so.
    pub calls: Vec<String>,
    /// Path prefixes whose HTTP requests it answers, such as `/files/`. They hold for the server's
    /// own names; those below `/.well-known/` hold for every host.
    pub http: Vec<String>,
    /// Services whose [domains](crate::contract::domains) it answers.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Names of the events it wants to hear of. A name that ends in `*` stands for all that begin so.
    pub events: Vec<String>,
    /// Names of the secrets it may read.
    pub secrets: Vec<String>,
    /// The most calls that may be in flight at once; more are refused with
    /// `Throttling.Api.Concurrency`. Zero stands for the host's default.
    pub max_concurrent_calls: u32,
}

impl Manifest {
    /// Allows calls of a method, or of all whose name begins as `method` does before its `*`.
    #[must_use]
    pub fn calls(mut self, method: impl Into<String>) -> Self {
        self.calls.push(method.into());
        self
    }

    /// Hides a method, or all whose name begins as `method` does before its `*`, from mini
    /// programs, the server SDK and cloud functions.
    #[must_use]
    pub fn internal(mut self, method: impl Into<String>) -> Self {
        self.internal.push(method.into());
        self
    }

    /// Claims the HTTP requests for a path prefix.
    #[must_use]
    pub fn http(mut self, prefix: impl Into<String>) -> Self {
        self.http.push(prefix.into());
        self
    }

    /// Answers the requests for all domains of a service, whatever their path.
    #[must_use]
    pub fn site(mut self, service: impl Into<String>) -> Self {
        self.sites.push(service.into());
        self
    }

    /// Subscribes to an event.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.events.push(name.into());
        self
    }

    /// Allows reading a secret.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>) -> Self {
        self.secrets.push(name.into());
        self
    }

    /// Whether a list of names, some ending in `*`, covers `name`.
    pub fn covers(list: &[String], name: &str) -> bool {
        list.iter().any(|entry| match entry.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => entry == name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_a_prefix_and_a_name_only_itself() {
        let list = ["db.*".to_owned(), "storage.get".to_owned()];
        assert!(Manifest::covers(&list, "db.find"));
        assert!(Manifest::covers(&list, "storage.get"));
        assert!(!Manifest::covers(&list, "storage.getx"));
        assert!(!Manifest::covers(&list, "dbx"));
    }
}
