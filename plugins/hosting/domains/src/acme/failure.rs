//! Why there is no certificate.

use sdk_plugin::Error;

/// Why an attempt ended. Texts are for the owner of the domain.
#[derive(Debug)]
pub enum Failure {
    /// The authority does not know the account, or has closed it.
    Account(String),
    /// The order cannot go on.
    Order(String),
    /// The authority refuses, with its reason.
    Refused(String),
    /// Too much was asked for; again at a time in milliseconds since 1970, if it is known.
    Limited(String, Option<u64>),
    /// The space has asked for too much; again at a time in milliseconds since 1970.
    Crowded(String, u64),
    /// The domain is not known to be the space's any more.
    Unproven(String),
    /// The authority cannot be reached, or has a fault.
    Unavailable(String),
    /// Another node works on the domain now, or it is bound no more.
    Lost,
    /// Something of the server's own has failed.
    Ours(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl Failure {
    /// What the owner of the domain is told.
    pub fn reason(&self) -> String {
        match self {
            Self::Account(reason)
            | Self::Order(reason)
            | Self::Refused(reason)
            | Self::Limited(reason, _)
            | Self::Crowded(reason, _)
            | Self::Unproven(reason)
            | Self::Unavailable(reason) => reason.chars().take(500).collect(),
            Self::Lost => String::new(),
            Self::Ours(error) => format!("the server has a fault: {}", error.message()),
        }
    }

    /// Whether what was ordered can still be had.
    pub fn leaves_the_order(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Ours(_))
    }
}
