//! The service: makes cloud calls, and looks after what is not decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, INVALID_PARAM};
use sdk_plugin::contract::cloudcall::{Api, Effect, Invoke, Request, State, Subject};
use sdk_plugin::contract::domains::{ENDPOINT, Endpoint};
use sdk_plugin::contract::platforms::App;
use sdk_plugin::{Call, CallerKind, Error, Result};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::adapters::{Adapter, Adapters};
use crate::arguments::{Arguments, Options, REFUND_NUMBER};
use crate::book::{AT_ONCE as BATCH, Asked, Book, Key};
use crate::clock::{Clock, HOUR, SECOND};
use crate::config::Config;
use crate::desk::{Desk, Task, not_own, refund_number, text};
use crate::notify::{Notices, PREFIX};
use crate::outcome::result;
use seal::Seal;

/// The method that tells who a caller is.
pub const PROFILE: &str = "serverless.auth.user.getProfileInfo";
/// How arguments that name the buyer are spelled, whether or not an API lists them.
const BUYERS: [&str; 6] = ["buyerId", "buyer_id", "buyerOpenId", "buyer_open_id", "buyerLogonId", "buyer_logon_id"];
/// How many entries a node looks at at once.
const AT_ONCE: usize = 16;
/// How long a platform has to tell what a caller has found out by asking for it, in milliseconds.
const SOON: u64 = 15 * SECOND;
/// The most that is waited between two looks at what is due.
const PAUSE: Duration = Duration::from_secs(15);
/// The same where more is due than was looked at.
const BREATH: Duration = Duration::from_millis(200);

/// Cloud calls of all spaces.
pub struct Service<C> {
    calls: C,
    config: Config,
    /// Asks platforms.
    pub desk: Desk<C>,
    /// Tells of notices that functions are to be told.
    pub kick: Notify,
    /// Whether the database is known to be prepared.
    prepared: AtomicBool,
    /// When old notices were removed last.
    cleaned: AtomicU64,
}

/// Who makes a call, as platforms know them.
#[derive(Debug, Default)]
struct Asker {
    /// The platform's id; empty for nobody.
    id: String,
    /// All ids by which the platform knows the same user.
    ids: Vec<String>,
}

impl<C: Calls> Service<C> {
    /// The service; `secret` is the key that records are sealed with.
    ///
    /// # Errors
    /// `InternalError` when the key has a wrong length.
    pub fn new(config: Config, calls: C, clock: Clock, secret: &[u8]) -> Result<Arc<Self>> {
        let seal = Arc::new(Seal::new(secret)?);
        let desk = Desk {
            book: Book::new(calls.clone(), clock.clone(), seal.clone()),
            adapters: Arc::new(Adapters::new(calls.clone())),
            notices: Notices::new(calls.clone(), clock, seal),
        };
        Ok(Arc::new(Self { calls, config, desk, kick: Notify::new(), prepared: AtomicBool::new(false), cleaned: AtomicU64::new(0) }))
    }

    /// Makes a cloud call. It goes on to its end when the caller stops waiting.
    ///
    /// # Errors
    /// The codes of section 7.3 of the manual; `OUTCOME_UNKNOWN`; `AppNotFound`;
    /// `InvalidParameter.PermissionDenied` for orders of others.
    pub async fn invoke(self: &Arc<Self>, call: Call, invoke: Invoke) -> Result<Value> {
        let service = self.clone();
        tokio::spawn(async move { service.make_call(call, invoke).await }).await.map_err(Error::internal)?
    }

    /// As [`invoke`](Self::invoke), and ends with its caller.
    pub(crate) async fn make_call(&self, call: Call, Invoke { api: name, args }: Invoke) -> Result<Value> {
        let adapters = self.desk.adapters.all().await?;
        // The arguments tell which platform is meant; the first adapter tells what they are called.
        let known = adapters.iter().find_map(|adapter| adapter.api(&name));
        let known = known.ok_or_else(|| Error::new(FEATURE_NOT_SUPPORT, format!("no adapter has cloud.{name}")))?;
        let mut options = Arguments::read_options(known, &args)?;
        let client = call.caller.kind == CallerKind::Client;
        if client {
            // A mini program acts as itself, and has no say in who is told of payments.
            options = Options::default();
        }
        let (adapter, app) = self.choose(&call, &name, &options, client).await?;
        let api = adapter.api(&name).unwrap_or(known);
        let arguments = Arguments { options, ..Arguments::read(api, args)? };
        let asker = self.asker(&call).await?;
        if client && api.effect != Effect::None {
            only_listed(api, &arguments)?;
        }
        let by_name = arguments.by_name;
        let answer = match api.effect {
            Effect::None | Effect::Query => self.read(&call, &adapter, app, api, arguments, &asker, client).await?,
            _ => {
                let task = self.task(&call, &adapter, app, api, arguments, asker, client).await?;
                self.desk.ask(&task).await?
            }
        };
        Ok(result(&call.request_id, &answer, by_name))
    }

    async fn choose(&self, call: &Call, api: &str, options: &Options, client: bool) -> Result<(Adapter, App)> {
        let own = call.caller.app.as_str();
        let apps: &[&str] = match (options.app_id.as_str(), client) {
            ("", true) => &[own],
            ("", false) if own.is_empty() => &[""],
            ("", false) => &[own, ""],
            (named, _) => &[named],
        };
        self.desk.adapters.choose(&call.space, api, &options.platform, apps).await
    }

    /// Makes a call that changes nothing that is kept account of.
    #[allow(clippy::too_many_arguments, reason = "all of it is one call")]
    async fn read(
        &self,
        call: &Call,
        adapter: &Adapter,
        app: App,
        api: &Api,
        mut arguments: Arguments,
        asker: &Asker,
        client: bool,
    ) -> Result<sdk_plugin::contract::cloudcall::Answer> {
        let mut entry = None;
        if api.effect == Effect::Query {
            let key = key(call, &app, Subject::Order, arguments.number("outTradeNo")?);
            entry = self.desk.book.get(&key.id()).await?;
            let own = |owner: &str| !owner.is_empty() && owner == call.caller.user;
            if client && !entry.as_ref().is_some_and(|entry| own(&entry.owner)) {
                return Err(not_own());
            }
        }
        let request = Request {
            app,
            api: api.name.clone(),
            arguments: arguments.values,
            app_auth_token: arguments.options.app_auth_token,
            notify_url: String::new(),
            user: asker.id.clone(),
            user_id: call.caller.user.clone(),
            client,
            order: entry.as_ref().map(|entry| entry.known()).filter(|known| known.state != State::Absent),
        };
        let answer = self.desk.adapters.call(&adapter.name, &call.space, &request).await?;
        // The schedule looks soon, and has the function told, unless the platform tells before that.
        if let (Some(entry), Some(known)) = (entry, &answer.known)
            && entry.state != known.state
        {
            let soon = self.desk.book.clock.now() + SOON;
            let nudge = self.desk.book.change(&entry.id, |entry| {
                entry.nudged += 1;
                entry.next = entry.next.min(soon);
            });
            nudge.await?;
        }
        Ok(answer)
    }

    /// What is to be asked of a platform.
    #[allow(clippy::too_many_arguments, reason = "all of it is one call")]
    async fn task(
        &self,
        call: &Call,
        adapter: &Adapter,
        app: App,
        api: &Api,
        mut arguments: Arguments,
        asker: Asker,
        client: bool,
    ) -> Result<Task> {
        let (subject, number, amount) = match api.effect {
            Effect::Refund => (Subject::Refund, REFUND_NUMBER, "refundAmount"),
            Effect::Transfer => (Subject::Transfer, "outBizNo", "transAmount"),
            _ => (Subject::Order, "outTradeNo", "totalAmount"),
        };
        let amount = arguments.text(amount).to_owned();
        let mut order = String::new();
        if api.effect == Effect::Refund {
            order = arguments.number("outTradeNo")?;
            let given = arguments.values.get(REFUND_NUMBER).is_some_and(|number| number != "");
            if !given {
                arguments.values.insert(REFUND_NUMBER.to_owned(), refund_number(&order, &amount).into());
            }
        }
        let key = key(call, &app, subject, arguments.number(number)?);
        if client && api.effect == Effect::Create {
            buyer(&mut arguments, api, &asker)?;
        }
        if client && call.caller.user.is_empty() {
            return Err(not_own());
        }
        if client && subject == Subject::Refund {
            let order = Key { subject: Subject::Order, number: order.clone(), ..key.clone() };
            let owner = self.desk.book.get(&order.id()).await?.map(|order| order.owner);
            if owner.as_deref() != Some(call.caller.user.as_str()) {
                return Err(not_own());
            }
        }
        let options = arguments.options;
        let notify_url = if options.notify.url.is_empty() { self.notify_url(&key).await? } else { options.notify.url };
        Ok(Task {
            key,
            adapter: adapter.name.clone(),
            app,
            api: api.name.clone(),
            effect: api.effect,
            asked: Asked { arguments: arguments.values, app_auth_token: options.app_auth_token, notify_url },
            amount,
            order,
            owner: call.caller.user.clone(),
            user: asker.id,
            own: client,
            function: options.notify.function,
        })
    }

    async fn asker(&self, call: &Call) -> Result<Asker> {
        if call.caller.user.is_empty() {
            return Ok(Asker::default());
        }
        let reply = self.calls.make(call.follow(PROFILE, "{}")).await?;
        let profile: Value = reply.decode()?;
        let user = &profile["user"];
        let id = text(user.get("oAuthUserId"));
        let others = user["ids"].as_object().into_iter().flatten().filter(|(name, _)| *name != "unionId");
        let ids = others.map(|(_, id)| text(Some(id))).chain([id.clone()]).filter(|id| !id.is_empty()).collect();
        Ok(Asker { id, ids })
    }

    /// Where the platform tells what becomes of an entry.
    async fn notify_url(&self, key: &Key) -> Result<String> {
        let base = match &self.config.public_url {
            Some(url) => url.clone(),
            None => self.calls.make(Call::json("", ENDPOINT, &json!({}))?).await?.decode::<Endpoint>()?.http,
        };
        Ok(format!("{}{PREFIX}{}/{}/{}", base.trim_end_matches('/'), key.space, key.platform, key.app))
    }

    /// Looks after what is due until it is told to stop. What functions are told does not wait for
    /// platforms, nor the other way round.
    pub async fn look_after(self: Arc<Self>, stopping: CancellationToken) {
        let looking = async {
            loop {
                let full = self.look().await.unwrap_or_else(|error| {
                    tracing::warn!(?error, "orders could not be looked after");
                    false
                });
                tokio::time::sleep(if full { BREATH } else { PAUSE }).await;
            }
        };
        let telling = async {
            loop {
                let full = self.tell().await.unwrap_or_else(|error| {
                    tracing::warn!(?error, "functions could not be told of orders");
                    false
                });
                tokio::select! {
                    () = self.kick.notified() => {}
                    () = tokio::time::sleep(if full { BREATH } else { PAUSE }) => {}
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = async { tokio::join!(looking, telling) } => {}
        }
    }

    /// Looks at what is due; says whether there may be more.
    async fn look(&self) -> Result<bool> {
        self.prepare().await;
        let due = self.desk.book.due().await?;
        let full = due.len() as u64 == BATCH;
        futures_util::stream::iter(due)
            .for_each_concurrent(AT_ONCE, |id| async move {
                if let Err(error) = self.desk.look_at(&id).await {
                    tracing::warn!(entry = id, ?error, "an order could not be looked after");
                }
            })
            .await;
        Ok(full)
    }

    /// Tells functions what is to be told; says whether there may be more.
    async fn tell(&self) -> Result<bool> {
        let full = self.desk.notices.tell().await?;
        let now = self.desk.book.clock.now();
        if now >= self.cleaned.load(Ordering::Acquire) + HOUR {
            self.desk.notices.forget_old().await?;
            self.cleaned.store(now, Ordering::Release);
        }
        Ok(full)
    }

    /// Makes indexes, which nothing but speed depends on.
    async fn prepare(&self) {
        if self.prepared.load(Ordering::Acquire) {
            return;
        }
        let made = async {
            self.desk.book.prepare().await?;
            self.desk.notices.prepare().await
        };
        match made.await {
            Ok(()) => self.prepared.store(true, Ordering::Release),
            Err(error) => tracing::warn!(?error, "the order book has no indexes yet"),
        }
    }

    /// Looks at all that is due, and tells functions what is to be told.
    ///
    /// # Errors
    /// What the database answers; the rest is done the next time.
    #[cfg(test)]
    pub async fn round(&self) -> Result<()> {
        self.look().await?;
        self.tell().await.map(drop)
    }

    /// Forgets a space.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn remove_space(&self, space: &str) -> Result<()> {
        self.desk.book.forget_space(space).await?;
        self.desk.notices.forget_space(space).await
    }
}

fn key(call: &Call, app: &App, subject: Subject, number: String) -> Key {
    Key { space: call.space.clone(), platform: app.platform.clone(), app: app.app_id.clone(), subject, number }
}

/// Refuses what an API does not list: platforms take more, such as another seller or another number
/// of an order, and that is nothing for a mini program to choose.
fn only_listed(api: &Api, arguments: &Arguments) -> Result<()> {
    let listed = |name: &str| name == REFUND_NUMBER || BUYERS.contains(&name) || api.params.iter().any(|param| param.name == name);
    match arguments.values.keys().find(|name| !listed(name)) {
        Some(name) => Err(Error::new(INVALID_PARAM, format!("{name} can be passed by functions only"))),
        None => Ok(()),
    }
}

/// Sees to it that the user who makes an order is the one who pays it.
fn buyer(arguments: &mut Arguments, api: &Api, asker: &Asker) -> Result<()> {
    if asker.id.is_empty() {
        return Err(Error::new(INVALID_PARAM, "an order is made by a user who has signed in on the platform"));
    }
    for name in BUYERS {
        let buyer = text(arguments.values.get(name));
        if !buyer.is_empty() && !asker.ids.contains(&buyer) {
            return Err(Error::new(INVALID_PARAM, format!("{name} is not the user who asks")));
        }
    }
    if api.params.iter().any(|param| param.name == "buyerId") {
        arguments.values.entry("buyerId").or_insert_with(|| asker.id.as_str().into());
    }
    Ok(())
}
