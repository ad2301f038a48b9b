//! Reads the state of an application from its files.

use analytics_engine::segment::read_sessions;
use analytics_engine::{Calendar, DayFigures, Ledger, Sessions};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use super::{State, engine};
use crate::apps::App;
use crate::store::manifest::DayFile;
use crate::store::{Manifest, Store};

/// How many files are read at once.
const AT_ONCE: usize = 16;

/// The state that the files of an application have: without the batches that wait.
///
/// # Errors
/// What database and storage answer.
pub async fn load<C: Calls>(store: &Store<C>, app: &App, keep_raw: bool) -> Result<State> {
    let mut manifest = store.manifests.get(&app.key).await?.unwrap_or_default();
    if manifest.version == 0 {
        manifest.time_zone.clone_from(&app.time_zone);
    }
    let calendar = Calendar::named(&manifest.time_zone).map_err(Error::internal)?;
    let mut ledger = Ledger::new(calendar);
    ledger.load_channels(&manifest.channels);
    let ledger = devices(store, app, &manifest, ledger).await?;
    let ledger = days(store, app, &manifest, calendar, ledger).await?;
    Ok(State::new(manifest, ledger, keep_raw))
}

async fn devices<C: Calls>(store: &Store<C>, app: &App, manifest: &Manifest, mut ledger: Ledger) -> Result<Ledger> {
    let files = manifest.devices.iter().map(|segment| store.objects.get(&app.key, &segment.file));
    // In their order: later ones correct earlier ones.
    let mut files = stream::iter(files.collect::<Vec<_>>()).buffered(AT_ONCE / 4);
    while let Some(bytes) = files.try_next().await? {
        ledger = engine(move || ledger.load_devices(bytes).map(|()| ledger)).await?;
    }
    Ok(ledger)
}

async fn days<C: Calls>(store: &Store<C>, app: &App, manifest: &Manifest, calendar: Calendar, mut ledger: Ledger) -> Result<Ledger> {
    let figures = manifest.days.iter().map(|(day, parts)| {
        let day = *day;
        async move {
            let parts = fetch(store, &app.key, parts.iter().map(|part| &part.file)).await?;
            let figures = engine(move || Ok(DayFigures::of(&calendar, day, &join(parts)?))).await?;
            Ok::<_, Error>((day, figures))
        }
    });
    let mut figures = stream::iter(figures.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
    while let Some((day, figures)) = figures.try_next().await? {
        ledger.load_figures(day, figures);
    }
    Ok(ledger)
}

/// Files in memory, in their order.
///
/// # Errors
/// What the storage answers.
pub async fn fetch<C: Calls>(store: &Store<C>, app: &str, files: impl Iterator<Item = &String>) -> Result<Vec<Bytes>> {
    let files: Vec<_> = files.map(|file| store.objects.get(app, file)).collect();
    stream::iter(files).buffered(AT_ONCE / 2).try_collect().await
}

/// The sessions of the parts of a day.
fn join(parts: Vec<Bytes>) -> analytics_engine::Result<Sessions> {
    let mut joined = Sessions::default();
    for part in parts {
        let part = read_sessions(part)?;
        joined = if joined.is_empty() { part } else { joined.join(&part) };
    }
    Ok(joined)
}

/// The sessions of a day of a manifest; of one that it does not have there are none.
///
/// # Errors
/// What the storage answers.
pub async fn sessions<C: Calls>(store: &Store<C>, app: &str, parts: &[DayFile]) -> Result<Sessions> {
    let parts = fetch(store, app, parts.iter().map(|part| &part.file)).await?;
    engine(move || join(parts)).await
}
