//! The applications of spaces.
//!
//! An application that is deleted leaves a mark until nothing can be on its way to it any more: what
//! a node had begun to store or to fold meanwhile is removed again before the mark goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use analytics_engine::Calendar;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout_at;

use crate::clock::{Clock, MINUTE};
use crate::collect::rate::{Buckets, Rate};
use crate::errors::{self, TOO_MANY_APPS};

/// The time zone of an application that names none.
pub const TIME_ZONE: &str = "Asia/Shanghai";
/// How long a node goes by what it knows of an application: a deleted one is refused by then.
const FRESH: Duration = Duration::from_secs(5);
/// How many applications are known at once, and AppKeys of none.
const MOST_KNOWN: usize = 10_000;
/// How many AppKeys of none are looked for each second, for clients of a space.
const UNKNOWN: u64 = 100;
/// How long that is saved up.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long whoever does not say waits for somebody else who looks for the same.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the mark of a deleted application stays, in milliseconds: longer than any fold lasts.
const MARKED: i64 = 30 * MINUTE;
/// How many are read at once.
const PAGE: usize = 100;
const LONGEST_NAME: usize = 64;

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Its AppKey.
    #[serde(rename(deserialize = "_id", serialize = "appKey"))]
    pub key: String,
    /// Its space.
    #[serde(skip_serializing)]
    pub space: String,
    /// Its name, for people.
    #[serde(default)]
    pub name: String,
    /// Its platform, such as `alipay`; empty when it was not said.
    #[serde(default)]
    pub platform: String,
    /// Its time zone.
    #[serde(default)]
    pub time_zone: String,
    /// When it was made, in milliseconds since 1970.
    #[serde(default)]
    pub created_at: i64,
    /// When it was deleted; absent while it lives.
    #[serde(default, skip_serializing)]
    pub deleted: Option<i64>,
}

/// What an application is made with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Create {
    name: String,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    time_zone: Option<String>,
}

/// What is changed of an application.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Update {
    /// Which one.
    pub app_key: String,
    #[serde(default)]
    name: Option<String>,
    /// Its new time zone.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// The applications.
pub struct Apps<C> {
    records: Collection<C>,
    clock: Clock,
    known: Mutex<Known>,
    /// How many further ones are looked for, of each space.
    unknown: Buckets,
    looks: Looks,
}

/// Keys that are being looked for. Whoever has the lock of one looks, and the others find what he has
/// found.
type Looks = Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>;

/// One of those who look for a key.
struct Look<'a> {
    looks: &'a Looks,
    key: &'a str,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Look<'a> {
    fn new(looks: &'a Looks, key: &'a str) -> Self {
        let turn = looks.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default().clone();
        Self { looks, key, turn }
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        // The map has one, and this is the last other.
        if Arc::strong_count(&self.turn) == 2 {
            looks.remove(self.key);
        }
    }
}

/// What is known of keys, and since when.
#[derive(Default)]
struct Known {
    /// Applications. They stay when they are not fresh any more: it is known that they were there.
    apps: HashMap<String, (Instant, Arc<App>)>,
    /// Keys of none, which clients make up in any number.
    none: HashMap<String, Instant>,
}

/// What is known of a key.
enum Found {
    /// How it is, or was seconds ago.
    Fresh(Option<Arc<App>>),
    /// It was there some time ago.
    Stale,
    /// Nothing.
    Never,
}

/// Room for one key more.
fn make_room<T>(map: &mut HashMap<String, T>, since: impl Fn(&T) -> Instant) {
    if map.len() >= MOST_KNOWN {
        map.retain(|_, value| since(value).elapsed() < FRESH);
        if map.len() > MOST_KNOWN / 2 {
            map.clear();
        }
    }
}

impl Known {
    fn find(&self, key: &str) -> Found {
        match (self.apps.get(key), self.none.get(key)) {
            (Some((since, app)), _) if since.elapsed() < FRESH => Found::Fresh(Some(app.clone())),
            (Some(_), _) => Found::Stale,
            (None, Some(since)) if since.elapsed() < FRESH => Found::Fresh(None),
            (None, _) => Found::Never,
        }
    }

    fn note(&mut self, key: &str, app: Option<&Arc<App>>) {
        let now = Instant::now();
        self.forget(key);
        if let Some(app) = app {
            make_room(&mut self.apps, |(since, _)| *since);
            self.apps.insert(key.to_owned(), (now, app.clone()));
        } else {
            make_room(&mut self.none, |since| *since);
            self.none.insert(key.to_owned(), now);
        }
    }

    fn forget(&mut self, key: &str) {
        self.apps.remove(key);
        self.none.remove(key);
    }
}

impl<C: Calls> Apps<C> {
    /// The applications behind these calls.
    pub fn new(calls: C, clock: Clock) -> Self {
        Self {
            records: Collection::new(calls, SYSTEM_SPACE, "analyticsApps"),
            clock,
            known: Mutex::default(),
            unknown: Buckets::new(Rate::new(UNKNOWN, Duration::from_secs(1), AT_ONCE)),
            looks: Mutex::default(),
        }
    }

    /// Prepares the database for many.
    ///
    /// # Errors
    /// What the database answers, as with all below.
    pub async fn prepare(&self) -> Result<()> {
        self.records.index("space").await?;
        self.records.index("deleted").await
    }

    /// Makes an application of a space, which can have `most`.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `QuotaExceeded.AnalyticsApps`.
    pub async fn create(&self, space: &str, create: Create, most: u64) -> Result<App> {
        let app = App {
            key: hex::encode(rand::random::<[u8; 12]>()),
            space: space.to_owned(),
            name: name(&create.name)?,
            platform: platform(create.platform.as_deref().unwrap_or_default())?,
            time_zone: zone(create.time_zone.as_deref().unwrap_or(TIME_ZONE))?,
            created_at: self.clock.now(),
            deleted: None,
        };
        if self.records.count(json!({"space": space, "deleted": {"$exists": false}})).await? >= most {
            let message =
                format!("the space can have {most} analytics applications, and has as many: delete one, or raise max_apps_per_space");
            return Err(Error::new(TOO_MANY_APPS, message));
        }
        let record = json!({
            "_id": app.key, "space": app.space, "name": app.name, "platform": app.platform,
            "timeZone": app.time_zone, "createdAt": app.created_at,
        });
        if !self.records.insert(record).await? {
            return Err(Error::new(codes::CONFLICT, "the new AppKey is taken; try again").retryable());
        }
        self.known().forget(&app.key);
        Ok(app)
    }

    /// The applications of a space, in the order in which they were made.
    pub async fn list(&self, space: &str) -> Result<Vec<App>> {
        let mut all = self.all(json!({"space": space, "deleted": {"$exists": false}})).await?;
        all.sort_by(|a, b| (a.created_at, &a.key).cmp(&(b.created_at, &b.key)));
        Ok(all)
    }

    /// Also the deleted ones of a space whose mark is left.
    pub async fn of_space(&self, space: &str) -> Result<Vec<App>> {
        self.all(json!({"space": space})).await
    }

    /// The deleted ones whose mark may go.
    pub async fn gone(&self) -> Result<Vec<App>> {
        self.all(json!({"deleted": {"$lte": self.clock.now() - MARKED}})).await
    }

    async fn all(&self, query: serde_json::Value) -> Result<Vec<App>> {
        let mut all: Vec<App> = Vec::new();
        loop {
            let options = json!({"sort": {"_id": 1}, "skip": all.len(), "limit": PAGE});
            let page: Vec<App> = self.records.find(query.clone(), options).await?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// The application as it is now; none when there is none, or it is deleted.
    pub async fn fetch(&self, key: &str) -> Result<Option<Arc<App>>> {
        if !is_key(key) {
            return Ok(None);
        }
        let app = self.records.get::<App>(key).await?.filter(|app| app.deleted.is_none()).map(Arc::new);
        self.known().note(key, app.as_ref());
        Ok(app)
    }

    /// Whether an application was deleted, and its mark is left.
    pub async fn is_marked(&self, key: &str) -> Result<bool> {
        Ok(self.records.count(json!({"_id": key, "deleted": {"$exists": true}})).await? > 0)
    }

    /// An application of a space, as it was a few seconds ago or is now.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`.
    pub async fn of(&self, space: &str, key: &str) -> Result<Arc<App>> {
        self.look(space, key, Instant::now() + PATIENCE, false).await
    }

    /// The same for a client, who may make up AppKeys.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`; `Throttling.Api` when too many were looked for that are none.
    pub async fn for_client(&self, space: &str, key: &str, deadline: Instant) -> Result<Arc<App>> {
        self.look(space, key, deadline, true).await
    }

    async fn look(&self, space: &str, key: &str, deadline: Instant, client: bool) -> Result<Arc<App>> {
        let found = self.known().find(key);
        let app = match found {
            Found::Fresh(app) => app,
            Found::Stale | Found::Never if is_key(key) => self.look_together(space, key, deadline, client).await?,
            Found::Stale | Found::Never => None,
        };
        app.filter(|app| app.space == space).ok_or_else(|| errors::no_app(key))
    }

    /// Looks for a key, once for all who do so at the same time.
    async fn look_together(&self, space: &str, key: &str, deadline: Instant, client: bool) -> Result<Option<Arc<App>>> {
        let look = Look::new(&self.looks, key);
        let turn = timeout_at(deadline.into(), look.turn.lock()).await;
        let _turn = turn.map_err(|_| errors::unavailable("the database does not say which applications there are: try again"))?;
        let found = self.known().find(key);
        let counts = match found {
            Found::Fresh(app) => return Ok(app),
            Found::Stale => false,
            Found::Never => client,
        };
        if counts && !self.unknown.take(space, 1) {
            return Err(errors::throttled("too many AppKeys are sent that no application has: try again later"));
        }
        let app = self.fetch(key).await?;
        if counts && app.is_some() {
            self.unknown.give_back(space, 1);
        }
        Ok(app)
    }

    /// An application of a space, as it is now.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`.
    pub async fn require(&self, space: &str, key: &str) -> Result<Arc<App>> {
        self.fetch(key).await?.filter(|app| app.space == space).ok_or_else(|| errors::no_app(key))
    }

    /// Changes the name or the time zone.
    ///
    /// # Errors
    /// `InvalidParams.Format`, `InvalidAppKey.NotFound`.
    pub async fn update(&self, space: &str, update: &Update) -> Result<()> {
        let mut set = json!({});
        if let Some(new) = &update.name {
            set["name"] = name(new)?.into();
        }
        if let Some(new) = &update.time_zone {
            set["timeZone"] = zone(new)?.into();
        }
        if set.as_object().is_some_and(serde_json::Map::is_empty) {
            return Err(Error::invalid_params("nothing is to be changed: give `name` or `timeZone`"));
        }
        let filter = json!({"_id": update.app_key, "space": space, "deleted": {"$exists": false}});
        if self.records.update(filter, json!({"$set": set})).await? == 0 {
            return Err(errors::no_app(&update.app_key));
        }
        self.known().forget(&update.app_key);
        Ok(())
    }

    /// Sets the time zone that an application's data has.
    pub async fn set_zone(&self, key: &str, zone: &str) -> Result<()> {
        self.records.update(json!({"_id": key}), json!({"$set": {"timeZone": zone}})).await?;
        self.known().forget(key);
        Ok(())
    }

    /// Marks an application as deleted: no client is served from now on.
    pub async fn mark(&self, key: &str) -> Result<()> {
        let set = json!({"deleted": self.clock.now(), "name": "", "platform": ""});
        self.records.update(json!({"_id": key, "deleted": {"$exists": false}}), json!({"$set": set})).await?;
        self.known().forget(key);
        Ok(())
    }

    /// Removes the mark.
    pub async fn forget(&self, key: &str) -> Result<()> {
        self.records.delete(json!({"_id": key, "deleted": {"$exists": true}})).await.map(drop)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text has the form of an AppKey: 24 hexadecimal digits in lower case.
pub fn is_key(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn name(text: &str) -> Result<String> {
    let name = text.trim();
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) || name.chars().any(char::is_control) {
        return Err(Error::invalid_params(format!("`name` must have 1 to {LONGEST_NAME} characters, and no control characters")));
    }
    Ok(name.to_owned())
}

fn platform(text: &str) -> Result<String> {
    if text.len() > 32 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(Error::invalid_params("`platform` must be a name such as alipay or wechat: at most 32 of A-Z a-z 0-9 - _"));
    }
    Ok(text.to_owned())
}

fn zone(text: &str) -> Result<String> {
    Calendar::named(text).map(|calendar| calendar.name().to_owned()).map_err(errors::engine)
}
