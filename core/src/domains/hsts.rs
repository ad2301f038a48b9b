//! HSTS of a domain (RFC 6797): besides the lifetime, which the contract has, how far it reaches.

use sdk_plugin::contract::Calls;
pub use sdk_plugin::contract::domains::{Hsts, PUT_HSTS, Reach};
use sdk_plugin::{Error, Result, codes};
use serde_json::json;

use super::{Domains, MAX_AGE, invalid};
use crate::identity::now_ms;

/// The value of the header (RFC 6797, section 6.1).
pub fn header(max_age: u64, reach: Reach) -> String {
    let mut value = format!("max-age={max_age}");
    if reach.hsts_include_sub_domains {
        value.push_str("; includeSubDomains");
    }
    if reach.hsts_preload {
        value.push_str("; preload");
    }
    value
}

impl<C: Calls> Domains<C> {
    /// Sets HSTS of a domain of a space. On this node it holds when this ends.
    ///
    /// # Errors
    /// As [`PUT_HSTS`] says; what the database answers.
    pub async fn put_hsts(&self, space: &str, hsts: &Hsts) -> Result<()> {
        if hsts.max_age.is_some_and(|seconds| seconds > MAX_AGE) {
            return Err(invalid("maxAge: must be at most 2147483648 seconds"));
        }
        if hsts.max_age.is_none() && (hsts.include_sub_domains || hsts.preload) {
            return Err(invalid("maxAge: is needed where includeSubDomains or preload is set"));
        }
        let _changing = self.answers.change(&hsts.host).await;
        let reach = Reach { hsts_include_sub_domains: hsts.include_sub_domains, hsts_preload: hsts.preload };
        let set = json!({"$set": {"hsts": hsts.max_age, "hstsReach": reach, "updatedAt": now_ms()}});
        match self.records.update(json!({"_id": hsts.host, "space": space}), set).await? {
            0 => Err(Error::new(codes::NOT_FOUND, format!("the space has no domain `{}`", hsts.host))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_no_more_than_was_asked_for() {
        let reach = |hsts_include_sub_domains, hsts_preload| Reach { hsts_include_sub_domains, hsts_preload };
        assert_eq!(header(0, reach(false, false)), "max-age=0");
        assert_eq!(header(60, reach(true, false)), "max-age=60; includeSubDomains");
        assert_eq!(header(31_536_000, reach(true, true)), "max-age=31536000; includeSubDomains; preload");
    }
}
