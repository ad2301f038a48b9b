//! `mpcloud serve`: puts the parts together and runs them until it is told to stop.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sdk_plugin::{Error, Result, codes};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::core_methods::CoreMethods;
use crate::data_lock;
use crate::domains::certificates::Certificates;
use crate::domains::{Domains, Methods, Names};
use crate::gateway::{Gateway, Listening, listen};
use crate::host::PluginHost;
use crate::identity::sessions::Sessions;
use crate::identity::spaces::Spaces;
use crate::identity::users::Users;
use crate::management::Management;
use crate::management::access_keys::AccessKeys;
use crate::policy::Policy;
use crate::router::Router;
use crate::secrets::MasterKey;
use crate::telemetry::log;
use crate::telemetry::metrics::Metrics;

/// What the command line says; it goes before the file.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The TOML file.
    pub config: Option<PathBuf>,
    /// The data folder.
    pub data: Option<PathBuf>,
    /// Address and port.
    pub listen: Option<String>,
}

/// How often expired sessions are removed and interrupted deletions taken up.
const HOUSEKEEPING: Duration = Duration::from_secs(300);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps the server from starting.
pub async fn run(options: ServeOptions) -> Result<()> {
    let mut config = Config::load(options.config.as_deref())?;
    if let Some(listen) = &options.listen {
        config.server.listen = listen
            .parse()
            .map_err(|_| Error::new(codes::CONFIG, format!("--listen: `{listen}` is not an address and port such as 127.0.0.1:8520")))?;
    }
    if options.data.is_some() {
        config.data = options.data;
    }
    log::init(&config.log)?;
    let data = config.data_dir();
    std::fs::create_dir_all(&data)
        .map_err(|e| Error::new(codes::CONFIG, format!("cannot make the data folder {}: {e}", data.display())))?;
    let _claim = data_lock::claim(&data)?;
    let master = MasterKey::open(&data)?;
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let listening = listen(&config.server).await?;

    let metrics = Arc::new(Metrics::default());
    let router = Router::new(Policy::new(config.policy));
    let sessions = Arc::new(Sessions::new(router.clone(), config.auth.clone()));
    let spaces = Arc::new(Spaces::new(router.clone()));
    let core = Arc::new(CoreMethods {
        router: router.clone(),
        users: Users::new(router.clone(), &master.derive("users"))?,
        sessions: sessions.clone(),
        spaces: spaces.clone(),
        metrics: metrics.clone(),
        host: OnceLock::new(),
        endpoint: listening.endpoint(),
    });
    let domains = Arc::new(Domains::new(router.clone(), Names::new(&listening.url, &config.server.base_domain)));
    let certificates = Arc::new(Certificates::new(router.clone(), domains.clone(), &master.derive("certificates"))?);
    let mut table = core.table();
    Methods { domains: domains.clone(), certificates: certificates.clone(), spaces: spaces.clone() }.add_to(&mut table);
    router.set_core(table);
    let host = PluginHost::start(&config, options.config, router.clone(), master, &metrics).await?;
    let _ = core.host.set(Arc::downgrade(&host));

    let keys = AccessKeys::open(&data, &listening.url)?;
    let gateway = Arc::new(Gateway {
        management: Management::new(router.clone(), spaces.clone(), keys, listening.url.clone()),
        router,
        spaces: spaces.clone(),
        sessions: sessions.clone(),
        domains,
        certificates: certificates.clone(),
        ports: listening.ports(),
        host: host.clone(),
        metrics,
        server: config.server.clone(),
        limits: config.limits.clone(),
        log_requests: config.log.requests,
    });
    let housekeeping = tokio::spawn(housekeeping(spaces, sessions, stop.clone()));
    warn_of_foreign_keys(&certificates).await;
    announce(&listening, &data)?;
    listening.serve(gateway, stop).await;
    tracing::info!("stopping");
    let _ = housekeeping.await;
    host.stop().await;
    Ok(())
}

/// The one line on standard output that says that requests are answered.
fn announce(listening: &Listening, data: &std::path::Path) -> Result<()> {
    let mut line = json!({"http": listening.url, "data": data, "version": env!("CARGO_PKG_VERSION"), "pid": std::process::id()});
    if let Some(url) = &listening.https {
        line["https"] = url.as_str().into();
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {line}").and_then(|()| out.flush()).map_err(Error::internal)
}

/// Says at once that a node cannot use the certificates that are there, before visitors find out.
async fn warn_of_foreign_keys(certificates: &Certificates<Router>) {
    match certificates.foreign().await {
        Ok(0) => {}
        Ok(count) => tracing::error!(
            count,
            "certificates were encrypted with another master key, and cannot be used here; give this node the master.key of the others, or the one of the backup"
        ),
        Err(error) => tracing::warn!(?error, "cannot look at the certificates"),
    }
}

fn stop_on_signals(stop: &CancellationToken) -> Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signal = signal(kind).map_err(Error::internal)?;
        let stop = stop.clone();
        tokio::spawn(async move {
            signal.recv().await;
            stop.cancel();
            // Whoever asks twice does not want to wait for calls that are still running.
            signal.recv().await;
            tracing::warn!("stopped at once by a second signal");
            std::process::exit(1);
        });
    }
    Ok(())
}

async fn housekeeping(spaces: Arc<Spaces>, sessions: Arc<Sessions>, stop: CancellationToken) {
    loop {
        if let Err(error) = spaces.resume_deletions().await {
            tracing::warn!(?error, "cannot look for interrupted deletions");
        }
        match sessions.purge().await {
            Ok(0) => {}
            Ok(purged) => tracing::debug!(purged, "expired sessions removed"),
            Err(error) => tracing::warn!(?error, "cannot remove expired sessions"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}
