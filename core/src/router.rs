//! Routes calls by the method's name: to the core, or to the plugin that provides it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::{BoxFuture, join_all};
use moka::future::Cache;
use sdk_plugin::contract::{Calls, cloudcall, db, login, management, platforms};
use sdk_plugin::{Call, CallerKind, Error, Event, Manifest, Reply, Result, codes, events};

use crate::host::{Lease, Slot};
use crate::policy::Policy;

/// A method that the core provides itself.
pub type CoreMethod = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Reply>> + Send + Sync>;

/// Told of events beside the plugins.
pub type CoreListener = Arc<dyn Fn(Event) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// How long one subscriber may work on an event.
const EVENT_PATIENCE: Duration = Duration::from_secs(120);

/// Routes calls and events. Cheap to clone.
#[derive(Clone)]
pub struct Router(Arc<Inner>);

struct Inner {
    table: ArcSwap<Table>,
    core: OnceLock<Core>,
    policy: Policy,
    /// Spaces that were deleted lately. What still runs of them must not make anything anew.
    gone: Cache<String, ()>,
}

/// Paths below it hold for every host.
const WELL_KNOWN: &str = "/.well-known/";

/// How long a deleted space is remembered: longer than any call may last.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// What methods begin with that only plugins, administrators and mpcloud itself call, whatever the
/// manifest of the plugin says that provides them.
const INTERNAL: [&str; 5] = ["core.", management::PREFIX, "platforms.", cloudcall::ADAPTER, login::PREFIX];

/// What the names of the service of cloud calls begin with, none of which are for mini programs.
const CLOUD_CALLS: &str = "cloudcall.";

/// How often a client's read is made that renames of collections overtake.
const READS: usize = 4;

/// What the core adds to the table once it is made.
#[derive(Default)]
pub struct Core {
    /// Methods by name.
    pub methods: HashMap<&'static str, CoreMethod>,
    /// Listeners of all events.
    pub listeners: Vec<CoreListener>,
}

/// Who provides what.
#[derive(Default)]
pub struct Table {
    methods: HashMap<String, Route>,
    /// Path prefixes, longest first.
    http: Vec<(String, Arc<Slot>)>,
    /// By service.
    sites: HashMap<String, Arc<Slot>>,
    events: Vec<(Vec<String>, Arc<Slot>)>,
}

struct Route {
    slot: Arc<Slot>,
    internal: bool,
}

impl Router {
    /// A router that knows no method yet.
    pub fn new(policy: Policy) -> Self {
        let gone = Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED).build();
        Self(Arc::new(Inner { table: ArcSwap::default(), core: OnceLock::new(), policy, gone }))
    }

    /// The rules of collections.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Adds what the core provides. Done once, before requests are taken.
    pub fn set_core(&self, core: Core) {
        let _ = self.0.core.set(core);
    }

    /// The table of what these plugins declare, one of them perhaps by another manifest than it has.
    ///
    /// # Errors
    /// `InvalidConfiguration` when two plugins claim the same method, path or service.
    pub fn table(slots: Vec<Arc<Slot>>, candidate: Option<(&str, &Manifest)>) -> Result<Table> {
        let mut table = Table::default();
        for slot in slots {
            let manifest = match candidate {
                Some((id, manifest)) if id == slot.id => manifest.clone(),
                _ => slot.manifest(),
            };
            for method in &manifest.methods {
                let internal = Manifest::covers(&manifest.internal, method);
                if let Some(other) = table.methods.insert(method.clone(), Route { slot: slot.clone(), internal }) {
                    let message = format!("the plugins `{}` and `{}` both provide the method `{method}`", other.slot.id, slot.id);
                    return Err(Error::new(codes::CONFIG, message));
                }
            }
            for prefix in &manifest.http {
                if let Some((_, other)) = table.http.iter().find(|(taken, _)| taken == prefix) {
                    let message = format!("the plugins `{}` and `{}` both claim the path `{prefix}`", other.id, slot.id);
                    return Err(Error::new(codes::CONFIG, message));
                }
                table.http.push((prefix.clone(), slot.clone()));
            }
            for service in &manifest.sites {
                if let Some(other) = table.sites.insert(service.clone(), slot.clone()) {
                    let message = format!("the plugins `{}` and `{}` both answer the service `{service}`", other.id, slot.id);
                    return Err(Error::new(codes::CONFIG, message));
                }
            }
            if !manifest.events.is_empty() {
                table.events.push((manifest.events, slot));
            }
        }
        table.http.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(table)
    }

    /// Routes by a table from now on.
    pub fn publish(&self, table: Table) {
        self.0.table.store(Arc::new(table));
    }

    /// Whether anybody provides a method.
    pub fn provides(&self, method: &str) -> bool {
        self.0.core.get().is_some_and(|core| core.methods.contains_key(method)) || self.0.table.load().methods.contains_key(method)
    }

    /// The methods whose names begin so, of plugins that run now, in order.
    pub fn methods(&self, prefix: &str) -> Vec<String> {
        let table = self.0.table.load();
        let running = table.methods.iter().filter(|(method, route)| method.starts_with(prefix) && route.slot.is_running());
        let mut methods: Vec<String> = running.map(|(method, _)| method.clone()).collect();
        methods.sort_unstable();
        methods
    }

    /// The plugin that answers requests for a path.
    pub fn http(&self, path: &str) -> Option<Arc<Slot>> {
        let table = self.0.table.load();
        table.http.iter().find(|(prefix, _)| path.starts_with(prefix.as_str())).map(|(_, slot)| slot.clone())
    }

    /// The plugin that answers requests for a path on every host (RFC 8615).
    pub fn well_known(&self, path: &str) -> Option<Arc<Slot>> {
        if !path.starts_with(WELL_KNOWN) {
            return None;
        }
        let table = self.0.table.load();
        let mut everywhere = table.http.iter().filter(|(prefix, _)| prefix.starts_with(WELL_KNOWN));
        everywhere.find(|(prefix, _)| path.starts_with(prefix.as_str())).map(|(_, slot)| slot.clone())
    }

    /// The plugin that answers requests for the domains of a service.
    pub fn site(&self, service: &str) -> Option<Arc<Slot>> {
        self.0.table.load().sites.get(service).cloned()
    }

    /// Tells every subscriber of an event at the same time, and waits for all of them.
    ///
    /// # Errors
    /// The first error, after all have answered.
    pub async fn emit(&self, event: Event) -> Result<()> {
        if event.name == events::SPACE_DELETED {
            self.0.gone.insert(event.space.clone(), ()).await;
        }
        let table = self.0.table.load_full();
        let plugins = table.events.iter().filter(|(names, _)| Manifest::covers(names, &event.name)).map(|(_, slot)| {
            let event = event.clone();
            async move {
                let told = async { slot.lease()?.event(event, EVENT_PATIENCE).await };
                told.await.map_err(|e| e.with_context("subscriber", &slot.id))
            }
        });
        let listeners: &[CoreListener] = self.0.core.get().map_or(&[], |core| &core.listeners);
        let core = listeners.iter().map(|listener| listener(event.clone()));
        let (plugins, core) = tokio::join!(join_all(plugins), join_all(core));
        plugins.into_iter().chain(core).collect()
    }

    async fn route(&self, call: Call) -> Result<Reply> {
        if call.depth > Call::MAX_DEPTH {
            let message = format!("calls nest deeper than {}: does a function call itself?", Call::MAX_DEPTH);
            return Err(Error::new(codes::THROTTLED, message));
        }
        let outside = matches!(
            call.caller.kind,
            CallerKind::Client | CallerKind::Server | CallerKind::Function | CallerKind::Timer | CallerKind::Http
        );
        if outside && self.0.gone.contains_key(&call.space) {
            return Err(Error::new(codes::SPACE_DELETED, "the space was deleted"));
        }
        admit(&call, outside)?;
        if let Some(method) = self.0.core.get().and_then(|core| core.methods.get(call.method.as_str())) {
            let (name, deadline) = (call.method.clone(), call.deadline);
            let done = tokio::time::timeout_at(deadline.into(), method(call)).await;
            return done.unwrap_or_else(|_| Err(Call::timed_out(&name)));
        }
        if call.caller.kind == CallerKind::Client {
            return self.of_client(call).await;
        }
        let lease = self.lease(&call.method, outside)?;
        let renames = self.0.policy.before_rename(self, &call).await?;
        let done = lease.call(call).await;
        if let Some(rename) = renames {
            self.0.policy.after_rename(self, rename, &done).await;
        }
        done
    }

    fn lease(&self, method: &str, outside: bool) -> Result<Lease> {
        match self.0.table.load().methods.get(method) {
            Some(route) if !(outside && route.internal) => route.slot.lease(),
            _ => Err(unknown(method)),
        }
    }

    /// A client's call as the rules let it through. A read during which a collection was renamed may
    /// have read what the rules of that moment do not show: it is made again.
    async fn of_client(&self, mut call: Call) -> Result<Reply> {
        for _ in 0..READS {
            let renames = self.0.policy.renames();
            let again = (call.method == db::EXECUTE).then(|| repeated(&call));
            let lease = self.lease(&call.method, true)?;
            let done = lease.call(self.0.policy.apply(self, call).await?).await;
            match again {
                Some(again) if self.0.policy.renames() != renames && Policy::only_reads(&again.params) => call = again,
                _ => return done,
            }
        }
        Err(Error::new(codes::UNAVAILABLE, "collections are being renamed: try again"))
    }
}

/// The same call without its body, which those of clients do not have.
fn repeated(call: &Call) -> Call {
    Call {
        space: call.space.clone(),
        caller: call.caller.clone(),
        method: call.method.clone(),
        params: call.params.clone(),
        body: None,
        deadline: call.deadline,
        request_id: call.request_id.clone(),
        depth: call.depth,
    }
}

impl Calls for Router {
    async fn make(&self, call: Call) -> Result<Reply> {
        self.route(call).await
    }
}

/// Refuses methods that are not for whoever calls them.
fn admit(call: &Call, outside: bool) -> Result<()> {
    let method = call.method.as_str();
    let hidden = outside && INTERNAL.iter().any(|prefix| method.starts_with(prefix));
    if hidden || (call.caller.kind == CallerKind::Client && method.starts_with(CLOUD_CALLS)) {
        return Err(unknown(method));
    }
    // Their replies have secrets, which no API may answer.
    let secret = [platforms::APP, login::SESSION].contains(&method) || method.starts_with(login::PREFIX);
    if secret && call.caller.kind != CallerKind::System {
        return Err(Error::new(codes::PERMISSION_DENIED, format!("`{method}` answers plugins only")));
    }
    Ok(())
}

fn unknown(method: &str) -> Error {
    Error::new(codes::INVALID_METHOD, format!("no plugin provides the method `{method}`"))
}
