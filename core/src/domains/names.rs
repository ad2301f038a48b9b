//! The names that are the server's own, and those that it gives to spaces.

use super::host;

/// The names of a server.
#[derive(Clone, Debug)]
pub struct Names {
    /// The host of its URL.
    host: String,
    base: String,
}

impl Names {
    /// The names of a server that clients reach by a URL, and whose spaces have names below `base`.
    pub fn new(url: &str, base: &str) -> Self {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
        Self { host: host::of_authority(authority).unwrap_or_default(), base: base.to_owned() }
    }

    /// Whether a host is the server itself: an address, `localhost`, the host of its URL, or none.
    pub fn is_own(&self, name: &str) -> bool {
        name.is_empty() || name == "localhost" || name == self.host || host::is_address(name)
    }

    /// The space whose default domain a host is.
    pub fn space<'h>(&self, name: &'h str) -> Option<&'h str> {
        let label = name.strip_suffix(self.base.as_str())?.strip_suffix('.')?;
        (!label.is_empty() && !label.contains('.') && !self.is_own(name)).then_some(label)
    }

    /// The name that stands for the default domains of all spaces in certificates.
    pub fn wildcard(&self) -> String {
        format!("*.{}", self.base)
    }

    /// Whether a name is [that one](Self::wildcard).
    pub fn is_wildcard(&self, name: &str) -> bool {
        name.strip_prefix("*.") == Some(self.base.as_str())
    }

    /// Checks that a space may have a host for its own.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, name: &str) -> Result<(), &'static str> {
        host::check(name)?;
        if self.is_own(name) {
            return Err("is a name of the server itself");
        }
        if name.strip_suffix(self.base.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) {
            return Err("is the server's base domain, or below it");
        }
        // A machine of the local network may reach the server by such a name.
        if !name.contains('.') {
            return Err("must have a dot");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_names_of_its_own_and_gives_one_to_each_space() {
        let names = Names::new("https://Cloud.example.com:8443/", "example.com");
        for own in ["cloud.example.com", "localhost", "127.0.0.1", "[::1]", ""] {
            assert!(names.is_own(own), "{own}");
            assert!(names.check(own).is_err(), "{own}");
            assert_eq!(names.space(own), None, "{own}");
        }
        assert!(!names.is_own("example.com"));
        assert!(names.is_wildcard(&names.wildcard()) && !names.is_wildcard("*.a.example.com") && !names.is_wildcard("example.com"));
        assert_eq!(names.space("demo.example.com"), Some("demo"));
        for other in ["example.com", ".example.com", "a.b.example.com", "demoexample.com", "example.com.org"] {
            assert_eq!(names.space(other), None, "{other}");
        }
        for taken in ["example.com", "demo.example.com", "a.b.example.com", "intranet"] {
            assert!(names.check(taken).is_err(), "{taken}");
        }
        for free in ["demoexample.com", "example.com.org", "example.org"] {
            assert_eq!(names.check(free), Ok(()), "{free}");
        }
    }
}
