//! `core.domains.*` and `core.certificates.*`, which plugins call.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sdk_plugin::contract::domains::{self as contract, Challenge, Domain, Host, List, Upload};
use sdk_plugin::{Call, Error, Event, Reply, Result, events};

use super::Domains;
use super::certificates::Certificates;
use super::hsts;
use crate::identity::spaces::Spaces;
use crate::router::{Core, CoreListener, CoreMethod, Router};

type Done = BoxFuture<'static, Result<Reply>>;

/// What the methods work on.
pub struct Methods {
    pub domains: Arc<Domains<Router>>,
    pub certificates: Arc<Certificates<Router>>,
    pub spaces: Arc<Spaces>,
}

impl Methods {
    /// Adds the methods, and what is done when a space is deleted.
    pub fn add_to(self, core: &mut Core) {
        let this = Arc::new(self);
        let on = |handler: fn(Arc<Self>, Call) -> Done| -> CoreMethod {
            let this = this.clone();
            Arc::new(move |call| handler(this.clone(), call))
        };
        core.methods.extend([
            (contract::PUT, on(|this, call| async move { this.put(call).await }.boxed())),
            (hsts::PUT_HSTS, on(|this, call| async move { this.put_hsts(call).await }.boxed())),
            (contract::GET, on(|this, call| async move { this.get(call).await }.boxed())),
            (contract::REMOVE, on(|this, call| async move { this.remove(call).await }.boxed())),
            (contract::LIST, on(|this, call| async move { this.list(call).await }.boxed())),
            (contract::PUT_CERTIFICATE, on(|this, call| async move { this.put_certificate(call).await }.boxed())),
            (contract::GET_CERTIFICATE, on(|this, call| async move { this.get_certificate(call).await }.boxed())),
            (contract::REMOVE_CERTIFICATE, on(|this, call| async move { this.remove_certificate(call).await }.boxed())),
            (contract::LIST_CERTIFICATES, on(|this, call| async move { this.list_certificates(call).await }.boxed())),
            (contract::PUT_CHALLENGE, on(|this, call| async move { this.put_challenge(call).await }.boxed())),
            (contract::REMOVE_CHALLENGE, on(|this, call| async move { this.remove_challenge(call).await }.boxed())),
        ]);
        let listener: CoreListener = Arc::new(move |event| {
            let this = this.clone();
            async move { this.on_event(event).await }.boxed()
        });
        core.listeners.push(listener);
    }

    async fn put(&self, call: Call) -> Result<Reply> {
        let domain: Domain = call.decode()?;
        if call.space.is_empty() {
            return Err(Error::invalid_params("a domain belongs to a space: make the call in one"));
        }
        self.spaces.get(&call.space).await?;
        self.domains.put(&call.space, &domain).await?;
        Ok(Reply::raw("null"))
    }

    async fn put_hsts(&self, call: Call) -> Result<Reply> {
        self.domains.put_hsts(&call.space, &call.decode()?).await?;
        Ok(Reply::raw("null"))
    }

    async fn get(&self, call: Call) -> Result<Reply> {
        let asked: Host = call.decode()?;
        Reply::json(&self.domains.get(&asked.host).await?)
    }

    async fn remove(&self, call: Call) -> Result<Reply> {
        let asked: Host = call.decode()?;
        let known = self.domains.read(&asked.host).await?;
        if let Some(bound) = known.map(|known| known.bound).filter(|bound| bound.space == call.space || call.space.is_empty()) {
            // Whoever is interrupted here can remove the domain again, and nothing is left.
            self.certificates.remove(&bound.space, &asked.host).await?;
            self.certificates.remove_challenge(&bound.space, &asked.host).await?;
            self.domains.remove(&bound.space, &asked.host).await?;
        }
        Ok(Reply::raw("null"))
    }

    async fn list(&self, call: Call) -> Result<Reply> {
        let asked: List = call.decode()?;
        Reply::json(&self.domains.list(&call.space, &asked).await?)
    }

    async fn put_certificate(&self, call: Call) -> Result<Reply> {
        let upload: Upload = call.decode()?;
        Reply::json(&self.certificates.put(&call.space, upload).await?)
    }

    async fn get_certificate(&self, call: Call) -> Result<Reply> {
        let asked: Host = call.decode()?;
        Reply::json(&self.certificates.get(&call.space, &asked.host).await?)
    }

    async fn remove_certificate(&self, call: Call) -> Result<Reply> {
        let asked: Host = call.decode()?;
        self.certificates.remove(&call.space, &asked.host).await?;
        Ok(Reply::raw("null"))
    }

    async fn list_certificates(&self, call: Call) -> Result<Reply> {
        let asked: List = call.decode()?;
        Reply::json(&self.certificates.list(&call.space, &asked).await?)
    }

    async fn put_challenge(&self, call: Call) -> Result<Reply> {
        let challenge: Challenge = call.decode()?;
        self.certificates.put_challenge(&call.space, &challenge).await?;
        Ok(Reply::raw("null"))
    }

    async fn remove_challenge(&self, call: Call) -> Result<Reply> {
        let asked: Host = call.decode()?;
        self.certificates.remove_challenge(&call.space, &asked.host).await?;
        Ok(Reply::raw("null"))
    }

    async fn on_event(&self, event: Event) -> Result<()> {
        if event.name == events::SPACE_DELETED {
            self.domains.forget_space(&event.space).await?;
            self.certificates.forget_space(&event.space).await?;
        }
        Ok(())
    }
}
