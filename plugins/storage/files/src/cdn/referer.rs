//! From which pages files may be downloaded, by `Referer`.

use sdk_plugin::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Kind;
use super::fields::{Fields, kind_name, switch_name};
use super::pattern::matches;

/// A list of domains.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Referer {
    kind: Kind,
    list: Vec<String>,
    /// Whether requests without a referer pass.
    allow_empty: bool,
    /// Whether `a.com` stands for itself alone, and not for the names below it.
    exact: bool,
}

impl Default for Referer {
    fn default() -> Self {
        Self { kind: Kind::Off, list: Vec::new(), allow_empty: true, exact: false }
    }
}

/// Whether a text is a host, with a port or without, that may have stars in it.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '*'));
    let port = port.is_none_or(|port| !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()));
    !host.is_empty() && host.len() <= 253 && host.split('.').all(label) && port
}

/// The host of an address, without user and port, in lower case. Addresses without a scheme count.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.to_lowercase()
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(host, _)| host)
}

impl Referer {
    /// Reads `RefererConfig`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(json: &str) -> Result<Self> {
        let fields = Fields::parse("RefererConfig", json, &["type", "referlist", "allowempty", "disableast"])?;
        let list = fields.list("referlist", &[',', '\n', ' '], |entry| is_host(&host(entry)))?;
        let list: Vec<String> = list.iter().map(|entry| host(entry)).collect();
        Ok(Self {
            kind: fields.kind(&list)?,
            list,
            allow_empty: fields.switch("allowempty", true)?,
            exact: fields.switch("disableast", false)?,
        })
    }

    /// As `DescribeCdnDomain` shows it.
    pub fn show(&self) -> Value {
        json!({
            "ConfigId": "referer",
            "Type": kind_name(self.kind),
            "ReferList": self.list.join(","),
            "AllowEmpty": switch_name(self.allow_empty),
            "DisableAst": switch_name(self.exact),
        })
    }

    /// Whether a page may load files.
    pub fn passes(&self, referer: &str) -> bool {
        if self.kind == Kind::Off {
            return true;
        }
        if referer.trim().is_empty() {
            return self.allow_empty;
        }
        let host = host(referer.trim());
        let listed = self.list.iter().any(|entry| {
            let host = if entry.contains(':') { host.as_str() } else { without_port(&host) };
            let below = !self.exact && host.strip_suffix(entry.as_str()).is_some_and(|rest| rest.ends_with('.'));
            below || matches(entry, host)
        });
        self.kind.passes(listed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn domains_stand_for_those_below_unless_they_are_exact() {
        let allow = Referer::parse(r#"{"Type":"white","ReferList":"a.com,http://*.b.com,c.com:81","AllowEmpty":"off"}"#).unwrap();
        for (referer, passes) in [
            ("https://a.com/page?x", true),
            ("https://A.com:8443/", true),
            ("https://www.a.com", true),
            ("a.com/x", true),
            ("https://eviila.com", false),
            ("https://a.com.evil.org/", false),
            ("https://a.com@evil.org/", false),
            ("https://evil.org/?a.com", false),
            ("https://evil.org\\a.com", false),
            ("https://x.b.com/", true),
            ("https://b.com/", false),
            ("http://c.com:81/", true),
            ("http://c.com/", false),
            ("", false),
            ("  ", false),
        ] {
            assert_eq!(allow.passes(referer), passes, "{referer}");
        }
        let exact = Referer::parse(r#"{"Type":"white","ReferList":"a.com","AllowEmpty":"on","DisableAst":"on"}"#).unwrap();
        assert!(exact.passes("https://a.com/") && !exact.passes("https://www.a.com/") && exact.passes(""));
        let deny = Referer::parse(r#"{"Type":"black","ReferList":"evil.org"}"#).unwrap();
        assert!(!deny.passes("http://evil.org/x") && deny.passes("http://good.org") && deny.passes(""));
        for bad in [
            r#"{"Type":"white","ReferList":"a b/c d,"}"#,
            r#"{"Type":"white","ReferList":"a..b"}"#,
            r#"{"Type":"white","ReferList":"a.com","AllowEmpty":"maybe"}"#,
        ] {
            // Spaces separate entries; those here are hosts of their own, but for the second.
            assert_eq!(Referer::parse(bad).is_err(), !bad.contains("a b"), "{bad}");
        }
    }
}
