//! The adapter's calls: `payment.common.*` with WeChat Pay.

mod answer;
mod arguments;
mod description;
mod notification;
mod orders;
mod refunds;
#[cfg(test)]
mod tests;

use std::time::Duration;

use sdk_plugin::contract::cloudcall::codes::FEATURE_NOT_SUPPORT;
use sdk_plugin::contract::cloudcall::{Answer, Find, Finding, Request, Subject};
use sdk_plugin::{Error, Result};

pub use self::description::{OPEN_DATA, description};
use crate::gateway::Gateway;
use crate::merchant::Merchant;

/// Makes calls for the apps that come with them.
pub struct Pay {
    gateway: Gateway,
}

impl Pay {
    /// Makes calls at a gateway.
    pub fn new(gateway: Gateway) -> Self {
        Self { gateway }
    }

    /// Makes a call.
    ///
    /// # Errors
    /// `OUTCOME_UNKNOWN` when it is not known whether WeChat Pay did it; `ServiceUnavailable` when
    /// it was not asked, or only asked a question; `InvalidConfiguration` for settings, and the
    /// codes of cloud calls for arguments.
    pub async fn call(&self, request: &Request, patience: Duration) -> Result<Answer> {
        let merchant = Merchant::of(&request.app)?;
        match request.api.as_str() {
            "payment.common.create" => self.create(&merchant, request, patience).await,
            "payment.common.query" => self.query(&merchant, request, patience).await,
            "payment.common.close" => self.close(&merchant, request, patience).await,
            "payment.common.refund" => self.refund(&merchant, request, patience).await,
            api => Err(unsupported(api)),
        }
    }

    /// What became of an order or a refund.
    ///
    /// # Errors
    /// `ServiceUnavailable` when WeChat Pay does not tell.
    pub async fn find(&self, find: &Find, patience: Duration) -> Result<Finding> {
        let merchant = Merchant::of(&find.app)?;
        let known = match find.subject {
            Subject::Order => self.find_order(&merchant, &find.arguments, patience).await?,
            Subject::Refund => self.find_refund(&merchant, &find.arguments, patience).await?,
            Subject::Transfer => return Err(unsupported(&find.api)),
        };
        Ok(Finding { known })
    }
}

fn unsupported(api: &str) -> Error {
    Error::new(FEATURE_NOT_SUPPORT, format!("WeChat has no {api}"))
}
