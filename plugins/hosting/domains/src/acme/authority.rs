//! What is asked of an authority.

use super::Kind;
use super::failure::Failure;

/// A challenge that an authority offers for a domain.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its kind.
    pub kind: Kind,
    /// Its token.
    pub token: String,
    /// The token and the account's key: what proves that the domain is the account's.
    pub authorization: String,
}

/// An authority that issues certificates.
pub trait Authority: Send + Sync + 'static {
    /// An account that is signed in.
    type Account: Send + Sync;
    /// An order.
    type Order: Send;

    /// Makes an account; gives what to [sign in](Self::sign_in) with, which is a secret.
    fn register(&self) -> impl Future<Output = Result<(Self::Account, String), Failure>> + Send;

    /// Signs in to an account.
    fn sign_in(&self, credentials: &str) -> impl Future<Output = Result<Self::Account, Failure>> + Send;

    /// Orders a certificate for a host; gives the order's URL too.
    fn order(&self, account: &Self::Account, host: &str) -> impl Future<Output = Result<(Self::Order, String), Failure>> + Send;

    /// Goes on with an order.
    fn resume(&self, account: &Self::Account, url: &str) -> impl Future<Output = Result<Self::Order, Failure>> + Send;

    /// Challenges of which one is to be met; none when the domain has been proved before.
    fn offers(&self, order: &mut Self::Order) -> impl Future<Output = Result<Vec<Offer>, Failure>> + Send;

    /// Has a challenge validated, and waits for the outcome.
    fn prove(&self, order: &mut Self::Order, kind: Kind) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Has the certificate issued for a signing request (DER); gives the chain as PEM.
    fn issue(&self, order: &mut Self::Order, request: &[u8]) -> impl Future<Output = Result<String, Failure>> + Send;
}
