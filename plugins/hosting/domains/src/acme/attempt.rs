//! The certificate of one domain.

use std::time::Duration;

use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::domains::{Certificate, FRESH_MS, Upload};
use sdk_plugin::{Error, Result};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::authority::{Authority, Offer};
use super::failure::Failure;
use super::renewals::{Renewals, Settings};
use super::{Kind, ORIGIN, when};
use crate::clock::{DAY, HOUR};
use crate::ownership::Standing;
use crate::state::{LEASE, Lease, Placed, State};

/// How often a lease is held while its domain is worked on.
const HEARTBEAT: Duration = Duration::from_millis(LEASE / 4);

impl<C: Calls, A: Authority> Renewals<C, A> {
    /// Does what a domain's certificate needs, unless another node does.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) async fn look_at(&self, host: &str) -> Result<()> {
        let Some((lease, state)) = self.states.take(host).await? else { return Ok(()) };
        let outcome = tokio::select! {
            outcome = self.work(&lease, &state) => outcome,
            () = self.keep(&lease) => Err(Failure::Lost),
        };
        let set = match outcome {
            Ok(set) => set,
            Err(failure) => self.failed(&state, failure).await?,
        };
        if !self.states.release(&lease, set).await? {
            self.leave(&state).await?;
        }
        Ok(())
    }

    /// Holds the lease until it is lost.
    async fn keep(&self, lease: &Lease) {
        loop {
            sleep(HEARTBEAT).await;
            match self.states.hold(lease, json!({})).await {
                Ok(true) => {}
                Ok(false) => return,
                // It ends by itself when the database stays away.
                Err(error) => tracing::warn!(host = lease.host, ?error, "a lease could not be held"),
            }
        }
    }

    /// Gives what is to be recorded when all is well.
    async fn work(&self, lease: &Lease, state: &State) -> Result<Value, Failure> {
        let host = &state.host;
        if state.space.is_empty() {
            if !self.is_wanted(host).await? {
                return self.retire(state).await;
            }
        } else if self.core.domain(host).await?.is_none_or(|bound| bound.space != state.space) {
            self.states.forget(&state.space, host).await?;
            return Err(Failure::Lost);
        }
        let certificate = self.core.certificate(&state.space, host).await?;
        let own = certificate.as_ref().filter(|certificate| state.attached || certificate.origin != ORIGIN);
        if let Some(own) = own {
            return Ok(self.watch(own));
        }
        let Some(settings) = &self.settings else {
            return Ok(certificate.as_ref().map_or_else(|| json!({"next": self.clock.now() + DAY}), |certificate| self.watch(certificate)));
        };
        if let Some(certificate) = certificate.as_ref().filter(|_| !state.forced && state.order.is_none())
            && when::renewal(certificate) > self.clock.now()
        {
            return Ok(settled(certificate));
        }
        if state.renewal > self.clock.now() && !state.forced && state.order.is_none() {
            // Another node has set one that is not seen here yet.
            return Ok(json!({"next": self.clock.now() + 2 * FRESH_MS, "renewal": 0}));
        }
        self.still_owned(lease, state).await?;
        let certificate = self.obtain(settings, lease, state).await?;
        tracing::info!(host, space = state.space, issuer = certificate.issuer, "a certificate was issued");
        Ok(settled(&certificate))
    }

    /// Warns of a certificate that is not renewed by itself.
    fn watch(&self, certificate: &Certificate) -> Value {
        let now = self.clock.now();
        let warning = when::warning(certificate);
        if now >= warning {
            let days = when::end(certificate).saturating_sub(now) / DAY;
            tracing::warn!(host = certificate.host, days, "a certificate that users have attached ends soon and is not renewed by itself");
            return json!({"next": now + DAY});
        }
        // It may be replaced meanwhile.
        json!({"next": warning.min(now + DAY)})
    }

    /// Refuses a domain that is not known to be the space's any more.
    async fn still_owned(&self, lease: &Lease, state: &State) -> Result<(), Failure> {
        // Nobody has to show that the server's own names are its own.
        let Some(again) = self.again.as_ref().filter(|_| !state.space.is_empty()) else { return Ok(()) };
        match again.look(&state.space, &state.host, state.confirmed).await? {
            Standing::Fresh if !state.unverified => Ok(()),
            Standing::Fresh => self.hold(lease, json!({"unverified": false})).await,
            Standing::Confirmed => self.hold(lease, json!({"confirmed": self.clock.now(), "unverified": false})).await,
            Standing::Unclear if !state.unverified => Ok(()),
            Standing::Unclear => Err(Failure::Unproven(state.problem.clone())),
            Standing::Gone(reason) => Err(Failure::Unproven(reason)),
        }
    }

    /// Orders a certificate, or goes on with an order, and sets it.
    async fn obtain(&self, settings: &Settings<A>, lease: &Lease, state: &State) -> Result<Certificate, Failure> {
        let (authority, host) = (&settings.authority, &state.host);
        self.hold(lease, json!({"tried": self.clock.now()})).await?;
        let place = format!("order/{host}");
        let mut account = self.accounts.sign_in(authority, &self.seal).await?;
        let resumed = match &state.order {
            None => None,
            Some(Placed { url, key }) => match self.seal.open(&place, key).and_then(|pem| KeyPair::from_pem(&pem).ok()) {
                None => None,
                Some(key) => match authority.resume(&account, url).await {
                    Ok(order) => Some((order, key)),
                    Err(Failure::Order(reason)) => {
                        tracing::info!(host, reason, "an order that was begun cannot be ended; a new one is placed");
                        None
                    }
                    Err(failure) => return Err(failure),
                },
            },
        };
        let (mut order, key) = match resumed {
            Some(resumed) => resumed,
            None => {
                self.budget.take(&state.space).await?;
                let key = KeyPair::generate().map_err(Error::internal)?;
                let placed = match authority.order(&account, host).await {
                    Err(Failure::Account(_)) => {
                        account = self.accounts.replace(authority, &self.seal).await?;
                        authority.order(&account, host).await
                    }
                    placed => placed,
                };
                let (order, url) = placed?;
                let placed = Placed { url, key: self.seal.close(&place, &key.serialize_pem())? };
                self.hold(lease, json!({"order": placed})).await?;
                (order, key)
            }
        };
        let offers = authority.offers(&mut order).await?;
        if !offers.is_empty() {
            let offer = self.choose(settings, host, &offers, state.failures).await?;
            self.proofs.show(&state.space, host, offer).await?;
            let proved = authority.prove(&mut order, offer.kind).await;
            if let Err(failure) = self.proofs.withdraw(&state.space, host, offer).await {
                tracing::warn!(host, ?failure, "what answered a challenge could not be removed");
            }
            proved?;
        }
        let chain = authority.issue(&mut order, &request(host, &key)?).await?;
        self.hold(lease, json!({})).await?;
        let upload = Upload { host: host.clone(), name: host.clone(), origin: ORIGIN.to_owned(), chain, key: key.serialize_pem() };
        Ok(self.core.put_certificate(&state.space, &upload).await?)
    }

    async fn hold(&self, lease: &Lease, set: Value) -> Result<(), Failure> {
        if self.states.hold(lease, set).await? { Ok(()) } else { Err(Failure::Lost) }
    }

    /// The challenge to meet: the first that can be, and after each failure the next.
    async fn choose<'a>(&self, settings: &Settings<A>, host: &str, offers: &'a [Offer], failures: u32) -> Result<&'a Offer, Failure> {
        // Nothing else can prove a wildcard (RFC 8555, 7.1.3), so that it need not be asked for.
        let kinds = if host.starts_with("*.") { &[Kind::Dns01][..] } else { &settings.challenges };
        let https = self.core.endpoint().await?.https_port.is_some();
        let met = kinds.iter().filter(|kind| **kind != Kind::TlsAlpn01 || https);
        let met: Vec<&Offer> = met.filter_map(|kind| offers.iter().find(|offer| offer.kind == *kind)).collect();
        let turn = usize::try_from(failures).unwrap_or_default().checked_rem(met.len()).unwrap_or_default();
        let none = || Failure::Refused("the certificate authority offers no challenge that the server can meet".to_owned());
        met.get(turn).copied().ok_or_else(none)
    }

    /// Gives what is to be recorded of a failure.
    async fn failed(&self, state: &State, failure: Failure) -> Result<Value> {
        let settings = self.settings.as_ref();
        let retry = settings.map_or(Duration::from_millis(HOUR), |settings| settings.retry);
        let now = self.clock.now();
        let reason = failure.reason();
        if !matches!(failure, Failure::Lost) {
            tracing::warn!(host = state.host, space = state.space, ?failure, "there is no new certificate for a domain");
        }
        Ok(match failure {
            Failure::Lost => json!({}),
            Failure::Limited(_, until) => {
                let until = until.unwrap_or(now + HOUR);
                // Some limits are of one domain; that must not keep the others waiting for long.
                self.budget.pause(&state.space, until.min(now + HOUR)).await?;
                later(until, &reason)
            }
            // The others go on.
            Failure::Crowded(_, until) => later(until, &reason),
            failure => {
                let failures = state.failures.saturating_add(1);
                let mut set = json!({"next": now + when::backoff(retry, failures), "failures": failures, "problem": reason});
                if matches!(failure, Failure::Unproven(_)) {
                    set["unverified"] = true.into();
                }
                if !failure.leaves_the_order() {
                    set["order"] = Value::Null;
                }
                set
            }
        })
    }

    /// Removes what was made for a domain that is bound no more.
    async fn leave(&self, state: &State) -> Result<()> {
        if state.space.is_empty() {
            return self.clear(&state.host).await;
        }
        if self.core.domain(&state.host).await?.is_none() {
            self.core.remove_certificate(&state.space, &state.host).await?;
            self.core.remove_challenge(&state.space, &state.host).await?;
        }
        Ok(())
    }
}

/// What is recorded of a domain that has to wait, also for its owner, who would be refused again.
fn later(until: u64, reason: &str) -> Value {
    json!({"next": until + when::backoff(Duration::from_secs(10), 1), "tried": until, "problem": reason})
}

/// What is recorded of a domain that has a good certificate.
fn settled(certificate: &Certificate) -> Value {
    let renewal = when::renewal(certificate);
    json!({"next": renewal, "renewal": renewal, "failures": 0, "problem": "", "forced": false, "unverified": false, "order": null})
}

/// The signing request for a host.
fn request(host: &str, key: &KeyPair) -> Result<Vec<u8>> {
    let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(Error::internal)?;
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(key).map_err(Error::internal)?.der().to_vec())
}
