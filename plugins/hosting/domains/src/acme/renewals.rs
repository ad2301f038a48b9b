//! Looks after the certificates of all domains.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Kind;
use super::Seal;
use super::account::Accounts;
use super::authority::Authority;
use super::budget::Budget;
use super::proof::{Proofs, Tokens};
use super::server::ServerNames;
use crate::clock::{Clock, HOUR};
use crate::core::Core;
use crate::ownership::Again;
use crate::state::States;

/// How many domains are worked on at once by a node.
const AT_ONCE: usize = 4;
/// How long to wait when nothing is known to be due, or nothing can be known.
const PAUSE: Duration = Duration::from_secs(60);
/// The least that is waited between two looks, so that what cannot be done now keeps nobody busy.
const BREATH: Duration = Duration::from_millis(500);

/// How an authority is used.
pub struct Settings<A> {
    /// The authority.
    pub authority: A,
    /// How domains are proved to lead here, in the order in which that is tried.
    pub challenges: Vec<Kind>,
    /// How long to wait after a first failure.
    pub retry: Duration,
    /// Which of the server's own names get certificates.
    pub names: ServerNames,
}

/// Orders certificates, renews them, and warns of those that are not renewed.
pub struct Renewals<C, A> {
    pub(super) core: Core<C>,
    pub(super) states: States<C>,
    pub(super) clock: Clock,
    pub(super) seal: Seal,
    pub(super) tokens: Tokens<C>,
    pub(super) proofs: Proofs<C>,
    pub(super) accounts: Accounts<C>,
    pub(super) budget: Budget<C>,
    /// None where proofs of ownership are good for ever.
    pub(super) again: Option<Again<C>>,
    /// None where nothing is ordered.
    pub(super) settings: Option<Settings<A>>,
    /// Tells of domains that are due.
    pub(super) kick: Arc<Notify>,
    /// When the core's domains were last compared with those known here.
    adopted: AtomicU64,
    /// The same for the server's own names.
    pub(super) names_adopted: AtomicU64,
}

/// What [`Renewals`] are made of.
pub struct Parts<C, A> {
    /// The core.
    pub core: Core<C>,
    /// The records of domains.
    pub states: States<C>,
    /// The time.
    pub clock: Clock,
    /// What seals secrets.
    pub seal: Seal,
    /// The tokens of challenges.
    pub tokens: Tokens<C>,
    /// The program for DNS records.
    pub hook: Option<std::path::PathBuf>,
    /// The account with the authority.
    pub accounts: Accounts<C>,
    /// The orders of the hour.
    pub budget: Budget<C>,
    /// Looks again at proofs of ownership; none where they are good for ever.
    pub again: Option<Again<C>>,
    /// How the authority is used; none where nothing is ordered.
    pub settings: Option<Settings<A>>,
    /// Tells of domains that are due.
    pub kick: Arc<Notify>,
}

impl<C: Calls, A: Authority> Renewals<C, A> {
    /// Looks after all domains that the core has.
    pub fn new(parts: Parts<C, A>) -> Arc<Self> {
        let Parts { core, states, clock, seal, tokens, hook, accounts, budget, again, settings, kick } = parts;
        let proofs = Proofs { core: core.clone(), tokens: tokens.clone(), hook };
        Arc::new(Self {
            core,
            states,
            clock,
            seal,
            tokens,
            proofs,
            accounts,
            budget,
            again,
            settings,
            kick,
            adopted: AtomicU64::new(0),
            names_adopted: AtomicU64::new(0),
        })
    }

    /// Works until it is told to stop; what is under way then is left to whoever finds it.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            let wait = tokio::select! {
                () = stopping.cancelled() => return,
                wait = self.round() => wait,
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.kick.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Does what is due, and says how long there is nothing more to do.
    async fn round(self: &Arc<Self>) -> Duration {
        if let Err(error) = self.sweep().await {
            tracing::warn!(?error, "certificates could not be looked after");
            return PAUSE;
        }
        match self.states.next().await {
            Ok(Some(next)) => Duration::from_millis(next.saturating_sub(self.clock.now())).clamp(BREATH, PAUSE),
            _ => PAUSE,
        }
    }

    /// Looks at every domain that is due.
    ///
    /// # Errors
    /// What the database answers; the rest is done the next time.
    pub async fn sweep(self: &Arc<Self>) -> Result<()> {
        self.adopt().await?;
        if let Err(error) = self.adopt_server_names().await {
            tracing::warn!(?error, "not known which names of the server are to have certificates");
        }
        self.tokens.forget(None).await?;
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut works = JoinSet::new();
        for host in self.states.due().await? {
            let (renewals, places) = (self.clone(), places.clone());
            works.spawn(async move {
                let _place = places.acquire().await;
                if let Err(error) = renewals.look_at(&host).await {
                    tracing::warn!(host, ?error, "a domain's certificate could not be looked after");
                }
            });
        }
        while let Some(ended) = works.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "looking after a certificate ended with a panic");
            }
        }
        Ok(())
    }

    /// Records domains that the core has and that are not known here: their binding was interrupted,
    /// or another plugin has set them.
    async fn adopt(&self) -> Result<()> {
        let now = self.clock.now();
        if now < self.adopted.load(Ordering::Acquire) + HOUR {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.core.page("", after.take()).await?;
            let hosts: Vec<&str> = page.items.iter().map(|bound| bound.domain.host.as_str()).collect();
            let known = self.states.spaces_of(&hosts).await?;
            for bound in page.items.iter().filter(|bound| known.get(&bound.domain.host) != Some(&bound.space)) {
                self.states.bound(&bound.space, &bound.domain.host, &bound.domain.service).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.adopted.store(now, Ordering::Release);
        Ok(())
    }
}
