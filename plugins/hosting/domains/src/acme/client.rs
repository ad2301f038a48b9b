//! An authority that is reached by ACME, with `instant-acme`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error as AcmeError, ExternalAccountKey, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, Problem, RetryPolicy,
};
use sdk_plugin::{Error, Result, codes};

use super::Kind;
use super::authority::{Authority, Offer};
use super::failure::Failure;
use super::transport::Transport;
use crate::clock::Clock;
use crate::config::{Acme, ExternalAccount};
use crate::http::Tls;

/// How often a request is repeated because its nonce was refused, each time with three nonces.
const NONCES: usize = 10;
/// How long validation and issuing may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client of an authority.
pub struct Client {
    transport: Transport,
    directory: String,
    contact: Vec<String>,
    external: Option<ExternalAccountKey>,
}

/// Makes a request again when its nonce was refused (RFC 8555, 6.5): that has had no effect.
macro_rules! with_good_nonce {
    ($client:expr, $request:expr) => {{
        let mut left = NONCES;
        loop {
            match $request.await {
                Err(AcmeError::Api(problem)) if left > 0 && is(&problem, "badNonce") => left -= 1,
                done => break done.map_err(|error| $client.failure(error)),
            }
        }
    }};
}

impl Client {
    /// A client as the configuration says.
    ///
    /// # Errors
    /// `InvalidConfiguration` when the roots or the external account cannot be used.
    pub fn new(config: &Acme, clock: Clock) -> Result<Self> {
        let tls = Tls::new(config.root.as_deref())?;
        Ok(Self {
            transport: Transport::new(tls, clock),
            directory: config.directory.clone(),
            contact: config.email.iter().map(|email| format!("mailto:{}", email.trim_start_matches("mailto:"))).collect(),
            external: config.external_account.as_ref().map(external).transpose()?,
        })
    }

    fn builder(&self) -> instant_acme::AccountBuilder {
        Account::builder_with_http(Box::new(self.transport.clone()))
    }

    fn failure(&self, error: AcmeError) -> Failure {
        let again = self.transport.again();
        match error {
            AcmeError::Api(problem) => {
                let text = told(&problem);
                if is(&problem, "accountDoesNotExist") {
                    Failure::Account(text)
                } else if is(&problem, "rateLimited") || problem.status == Some(429) {
                    Failure::Limited(text, again)
                } else if is(&problem, "badNonce") || is(&problem, "serverInternal") || problem.status.is_some_and(|status| status >= 500) {
                    if again.is_some() { Failure::Limited(text, again) } else { Failure::Unavailable(text) }
                } else {
                    Failure::Refused(text)
                }
            }
            _ if again.is_some() => Failure::Limited("the certificate authority has too much to do".to_owned(), again),
            AcmeError::Timeout(_) => Failure::Unavailable("the certificate authority has not decided in time".to_owned()),
            error => {
                tracing::warn!(%error, source = std::error::Error::source(&error).map(tracing::field::display), "no good answer from the certificate authority");
                Failure::Unavailable("the certificate authority cannot be reached, or its answer cannot be read".to_owned())
            }
        }
    }

    /// Has an order know its authorizations.
    async fn read_authorizations(&self, order: &mut Order) -> Result<(), Failure> {
        with_good_nonce!(self, async {
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                authorization?;
            }
            Ok::<(), AcmeError>(())
        })
    }

    /// Why the authority takes a domain for not proved.
    async fn reason(&self, order: &mut Order) -> String {
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            if authorization.refresh().await.is_err() || authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            if let Some(problem) = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
                return told(problem);
            }
        }
        "the certificate authority could not validate the domain".to_owned()
    }
}

fn external(account: &ExternalAccount) -> Result<ExternalAccountKey> {
    let key = URL_SAFE_NO_PAD.decode(&account.hmac_key).or_else(|_| URL_SAFE.decode(&account.hmac_key));
    let key = key.map_err(|_| Error::new(codes::CONFIG, "acme.external_account.hmac_key is not base64url"))?;
    Ok(ExternalAccountKey::new(account.key_id.clone(), &key))
}

/// Whether a problem is of a type of RFC 8555, 6.7.
fn is(problem: &Problem, kind: &str) -> bool {
    problem.r#type.as_deref().and_then(|text| text.strip_prefix("urn:ietf:params:acme:error:")) == Some(kind)
}

/// A problem in the authority's words.
fn told(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().and_then(|text| text.rsplit(':').next()).unwrap_or("unknown");
    let mut text = format!("the certificate authority says: {} ({kind})", problem.detail.as_deref().unwrap_or("no reason"));
    for sub in &problem.subproblems {
        text.push_str("; ");
        text.push_str(sub.detail.as_deref().unwrap_or_default());
    }
    text
}

fn kind(wanted: Kind) -> ChallengeType {
    match wanted {
        Kind::TlsAlpn01 => ChallengeType::TlsAlpn01,
        Kind::Http01 => ChallengeType::Http01,
        Kind::Dns01 => ChallengeType::Dns01,
    }
}

fn polls() -> RetryPolicy {
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).backoff(1.5).timeout(PATIENCE)
}

impl Authority for Client {
    type Account = Account;
    type Order = Order;

    async fn register(&self) -> Result<(Account, String), Failure> {
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) =
            with_good_nonce!(self, self.builder().create(&wanted, self.directory.clone(), self.external.as_ref()))?;
        Ok((account, serde_json::to_string(&credentials).map_err(Error::internal)?))
    }

    async fn sign_in(&self, credentials: &str) -> Result<Account, Failure> {
        let Ok(credentials) = serde_json::from_str(credentials) else {
            return Err(Failure::Account("the account's credentials cannot be read".to_owned()));
        };
        self.builder().from_credentials(credentials).await.map_err(|error| self.failure(error))
    }

    async fn order(&self, account: &Account, host: &str) -> Result<(Order, String), Failure> {
        let identifiers = [Identifier::Dns(host.to_owned())];
        let wanted = NewOrder::new(&identifiers);
        let placed = with_good_nonce!(self, async {
            match account.new_order(&wanted).await {
                // An account that was deactivated or revoked (RFC 8555, 7.3.6).
                Err(AcmeError::Api(problem)) if is(&problem, "unauthorized") => {
                    Err(AcmeError::Api(Problem { r#type: Some("urn:ietf:params:acme:error:accountDoesNotExist".to_owned()), ..problem }))
                }
                other => other,
            }
        })?;
        let url = placed.url().to_owned();
        Ok((placed, url))
    }

    async fn resume(&self, account: &Account, url: &str) -> Result<Order, Failure> {
        let mut order = with_good_nonce!(self, account.order(url.to_owned())).map_err(|failure| match failure {
            Failure::Refused(reason) | Failure::Account(reason) => Failure::Order(reason),
            other => other,
        })?;
        match order.state().status {
            OrderStatus::Invalid => Err(Failure::Order("the order was refused".to_owned())),
            _ => Ok(order),
        }
    }

    async fn offers(&self, order: &mut Order) -> Result<Vec<Offer>, Failure> {
        if order.state().status != OrderStatus::Pending {
            return Ok(Vec::new());
        }
        self.read_authorizations(order).await?;
        let mut offers = Vec::new();
        // What an authorization lends lasts as long as it does, so each kind asks for it again.
        for wanted in [Kind::TlsAlpn01, Kind::Http01, Kind::Dns01] {
            let mut authorizations = order.authorizations();
            while let Some(authorization) = authorizations.next().await {
                let mut authorization = authorization.map_err(|error| self.failure(error))?;
                match authorization.status {
                    AuthorizationStatus::Pending => {}
                    AuthorizationStatus::Valid => continue,
                    _ => return Err(Failure::Order("the authorization of the domain has ended".to_owned())),
                }
                if let Some(challenge) = authorization.challenge(kind(wanted)) {
                    let authorization = challenge.key_authorization().as_str().to_owned();
                    offers.push(Offer { kind: wanted, token: challenge.token.clone(), authorization });
                }
            }
        }
        Ok(offers)
    }

    async fn prove(&self, order: &mut Order, wanted: Kind) -> Result<(), Failure> {
        self.read_authorizations(order).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| self.failure(error))?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(kind(wanted)) else {
                return Err(Failure::Refused("the certificate authority does not offer the challenge any more".to_owned()));
            };
            with_good_nonce!(self, challenge.set_ready())?;
        }
        let status = with_good_nonce!(self, order.poll_ready(&polls()));
        match status {
            Ok(OrderStatus::Ready) => Ok(()),
            Ok(_) | Err(Failure::Refused(_)) => Err(Failure::Refused(self.reason(order).await)),
            Err(failure) => Err(failure),
        }
    }

    async fn issue(&self, order: &mut Order, request: &[u8]) -> Result<String, Failure> {
        match order.state().status {
            OrderStatus::Ready => with_good_nonce!(self, order.finalize_csr(request))?,
            OrderStatus::Processing | OrderStatus::Valid => {}
            _ => return Err(Failure::Order("the order is not ready".to_owned())),
        }
        with_good_nonce!(self, order.poll_certificate(&polls()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
