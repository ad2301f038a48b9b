//! The platform's certificates, which it renews from time to time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use moka::future::Cache;
use outbound::Failure;
use ring::digest::{SHA256, digest};
use sdk_plugin::{Error, Result};
use serde::Deserialize;

use super::unavailable;
use super::wire::Wire;
use crate::clock::now;
use crate::keys::{PlatformCertificate, PublicKey, serial};
use crate::merchant::Merchant;
use crate::resource::Resource;
use crate::signature::answer_text;

/// Where they are.
const TARGET: &str = "/v3/certificates";
/// How long they are kept.
const KEPT: Duration = Duration::from_secs(12 * 3600);
/// How often they are fetched for the sake of a serial number that is not among them, at most.
/// Anybody can send a notification with such a number.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a failure stands, for the same reason.
const FAILED: Duration = Duration::from_secs(5);
/// The merchants whose certificates are kept.
const MERCHANTS: u64 = 1000;

type Id = [u8; 32];

struct Fetched {
    at: Instant,
    certificates: Vec<PlatformCertificate>,
}

/// Certificates by merchants. Each merchant's are fetched by one caller, and the others wait.
pub struct Certificates {
    wire: Arc<Wire>,
    kept: Cache<Id, Arc<Fetched>>,
    failed: Cache<Id, ()>,
    /// [`AGAIN`], but in tests.
    again: Duration,
}

impl Certificates {
    /// Those of the gateway behind a wire.
    pub fn new(wire: Arc<Wire>) -> Self {
        let kept = Cache::builder().max_capacity(MERCHANTS).time_to_live(KEPT).build();
        let failed = Cache::builder().max_capacity(MERCHANTS).time_to_live(FAILED).build();
        Self { wire, kept, failed, again: AGAIN }
    }

    /// The key of a certificate that holds now; none when the platform has no such certificate.
    ///
    /// # Errors
    /// `ServiceUnavailable` when they cannot be fetched.
    pub async fn key(&self, merchant: &Merchant, wanted: &str, patience: Duration) -> Result<Option<PublicKey>> {
        let (id, wanted) = (id(merchant), serial(wanted));
        let fetched = self.fetched(id, merchant, patience).await?;
        if let Some(key) = fetched.find(&wanted) {
            return Ok(Some(key));
        }
        if fetched.at.elapsed() < self.again {
            return Ok(None);
        }
        // Another caller may have fetched them meanwhile.
        if self.kept.get(&id).await.is_some_and(|now_kept| Arc::ptr_eq(&now_kept, &fetched)) {
            self.kept.invalidate(&id).await;
        }
        Ok(self.fetched(id, merchant, patience).await?.find(&wanted))
    }

    async fn fetched(&self, id: Id, merchant: &Merchant, patience: Duration) -> Result<Arc<Fetched>> {
        if self.failed.contains_key(&id) {
            return Err(unavailable());
        }
        let fetched = self.kept.try_get_with(id, async { self.fetch(merchant, patience).await.map(Arc::new) }).await;
        match fetched {
            Ok(fetched) => Ok(fetched),
            Err(error) => {
                self.failed.insert(id, ()).await;
                tracing::warn!(merchant = merchant.id, error = ?error, "certificates of WeChat Pay cannot be fetched");
                Err(unavailable().with_source(error.to_string()))
            }
        }
    }

    async fn fetch(&self, merchant: &Merchant, patience: Duration) -> Result<Fetched> {
        let answer = self.wire.send(merchant, Method::GET, TARGET, None, patience).await?;
        let answer = answer.map_err(|failure| match failure {
            Failure::NotSent(cause) | Failure::Lost(cause) => unavailable().with_source(cause),
        })?;
        if answer.status() != StatusCode::OK {
            return Err(unavailable().with_context("status", answer.status()));
        }
        let certificates = open(answer.body(), &merchant.api_v3_key)?;
        // Who knows the APIv3 key made them; the signature shows that the list is of today.
        let field = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let text = answer_text(field("wechatpay-timestamp"), field("wechatpay-nonce"), answer.body());
        let signed_by = field("wechatpay-serial");
        let public = merchant.public.as_ref().filter(|(id, _)| id == signed_by).map(|(_, key)| key);
        let wanted = serial(signed_by);
        let own = certificates.iter().find(|certificate| certificate.serial == wanted).map(|certificate| &certificate.key);
        let key = public.or(own);
        if !key.is_some_and(|key| key.verifies(&text, field("wechatpay-signature"))) {
            return Err(Error::internal("the list of certificates has a wrong signature"));
        }
        Ok(Fetched { at: Instant::now(), certificates })
    }
}

impl Fetched {
    fn find(&self, wanted: &str) -> Option<PublicKey> {
        let now = now();
        let holds =
            |certificate: &&PlatformCertificate| certificate.serial == wanted && (certificate.life.0..=certificate.life.1).contains(&now);
        self.certificates.iter().find(holds).map(|certificate| certificate.key.clone())
    }
}

/// Spaces that know different keys of a merchant do not share what was fetched with them.
fn id(merchant: &Merchant) -> Id {
    let text = format!("{}\n{}\n{}", merchant.id, merchant.serial, merchant.api_v3_key);
    let mut id = Id::default();
    id.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    id
}

fn open(body: &[u8], key: &str) -> Result<Vec<PlatformCertificate>> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        encrypt_certificate: Resource,
    }
    let list: List = serde_json::from_slice(body).map_err(Error::internal)?;
    list.data
        .iter()
        .map(|listed| {
            let text =
                listed.encrypt_certificate.open(key).ok_or_else(|| Error::internal("a certificate does not open with the APIv3 key"))?;
            let text = String::from_utf8(text).map_err(Error::internal)?;
            PlatformCertificate::read(&text).ok_or_else(|| Error::internal("a certificate cannot be read"))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use outbound::Outbound;

    use super::*;
    use crate::testing::{Gate, PLATFORM_SERIAL, app};

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_serial_that_is_not_listed_is_looked_for_again_but_not_each_time() {
        let gate = Gate::start().await;
        let fetched = || gate.with(|seen| seen.requests.len());
        let wire = Arc::new(Wire::new(Arc::new(Outbound::new(None, None).unwrap()), gate.base.clone()));
        let mut certificates = Certificates::new(wire);
        let merchant = Merchant::of(&app()).unwrap();
        for _ in 0..3 {
            assert!(certificates.key(&merchant, "00AB", PATIENCE).await.unwrap().is_none());
            assert_eq!(fetched(), 1);
        }
        certificates.again = Duration::ZERO;
        assert!(certificates.key(&merchant, "00AB", PATIENCE).await.unwrap().is_none());
        assert_eq!(fetched(), 2);
        for serial in [PLATFORM_SERIAL.to_owned(), PLATFORM_SERIAL.to_lowercase(), format!("00{PLATFORM_SERIAL}")] {
            assert!(certificates.key(&merchant, &serial, PATIENCE).await.unwrap().is_some());
        }
        assert_eq!(fetched(), 2);
    }

    #[test]
    fn a_certificate_holds_for_its_life() {
        let text = crate::testing::PLATFORM_CERTIFICATE;
        let list = |life| {
            let certificate = PlatformCertificate { life, ..PlatformCertificate::read(text).unwrap() };
            Fetched { at: Instant::now(), certificates: vec![certificate] }
        };
        assert!(list((now() - 10, now() + 10)).find(PLATFORM_SERIAL).is_some());
        assert!(list((now() - 10, now() - 1)).find(PLATFORM_SERIAL).is_none());
        assert!(list((now() + 10, now() + 20)).find(PLATFORM_SERIAL).is_none());
    }
}
