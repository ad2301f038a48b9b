//! What a space uses, and what it may use.
//!
//! Nothing is charged: every space has one plan, which has no limits but those that administrators
//! set. Units are the vendor's: bytes, and GB of 2³⁰ bytes for quotas.
//!
//! What is stored is known as of now. Uploads, downloads and bytes that were sent are known since
//! the month began, in UTC, so that an action that asks for a period is answered with what was used
//! from the month's begin until now, if that is in the period. Invocations are counted as far as the
//! logs of functions go back. Reads and writes of the database, and the computing time and traffic
//! of functions, nobody counts; they are 0.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sdk_plugin::contract::db::operations::{COLL_STATS, LIST_COLLECTIONS, NAMESPACE_NOT_FOUND, Stats};
use sdk_plugin::contract::{db, management};
use sdk_plugin::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::{Context, parameters, timestamp};
use super::spaces::SPEC;
use super::{Answer, object};

/// As many as JavaScript counts exactly: what a plan without limits has of everything.
const UNLIMITED: u64 = (1 << 53) - 1;
const GIGABYTE: f64 = (1_u64 << 30) as f64;

/// How many questions are asked at the same time.
const AT_ONCE: usize = 8;
/// How many functions are asked for in one page, and how many pages at most.
const PAGE: u64 = 100;
const MAX_PAGES: u64 = 100;

/// What `files.usage` and `sites.usage` answer.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Stored {
    bytes: u64,
    uploads: u64,
    downloads: u64,
    traffic: u64,
    /// In bytes; 0 for none.
    quota: u64,
}

/// What a space uses.
struct Usage {
    files: Stored,
    sites: Stored,
    /// The documents' size.
    database: u64,
    invocations: u64,
    /// When the month began, when the next one begins, and now: milliseconds since 1970.
    begin: i64,
    end: i64,
    now: i64,
}

#[derive(Deserialize)]
struct Outcome<T> {
    #[serde(default = "Option::default")]
    result: Option<T>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "Name")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<T> {
    data_list: Vec<T>,
    paginator: Paginator,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Paginator {
    page_count: u64,
    total: u64,
}

pub async fn quota(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let (files, sites) = tokio::try_join!(stored(context, &space, "files.usage"), stored(context, &space, "sites.usage"))?;
    let quota = |stored: Option<Stored>| match stored {
        // What is not there stores nothing.
        None => 0.0,
        Some(Stored { quota: 0, .. }) => UNLIMITED as f64 / GIGABYTE,
        Some(Stored { quota, .. }) => quota as f64 / GIGABYTE,
    };
    Ok(object(json!({"CloudStorageDataSizeQuota": quota(files), "StaticWebDataSizeQuota": quota(sites)})))
}

pub async fn spec(context: &Context<'_>) -> Answer {
    if let Some(other) = context.parameters.text("SpecCode").filter(|spec| *spec != SPEC) {
        return Err(parameters::invalid("SpecCode", &format!("`{other}` is no plan; the only one is {SPEC}")));
    }
    let names = [
        "CsCdnTraffic",
        "CsDownloadCount",
        "CsStorageSize",
        "CsUploadCount",
        "DbReadCount",
        "DbStorageSize",
        "DbWriteCount",
        "FcCost",
        "FcRequestCount",
        "FcTxTraffic",
        "WhCdnTraffic",
        "WhStorageSize",
    ];
    let mut answer = object(json!({
        "SpecCode": SPEC,
        "SpecDetailText": "unlimited",
        "GmtCreate": timestamp::format(timestamp::now_ms()),
    }));
    answer.extend(names.map(|name| (name.to_owned(), UNLIMITED.into())));
    Ok(answer)
}

pub async fn consumption(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let usage = Usage::of(context, &space).await?;
    let mut answer = usage.by_service();
    answer.extend(object(json!({
        "SpaceId": space,
        "SpecCode": SPEC,
        "GmtCreate": timestamp::format(usage.now),
        "CycleStartTime": usage.begin,
        "CycleEndTime": usage.end,
    })));
    Ok(answer)
}

pub async fn usage(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let (start, end) = (context.parameters.required("StartTime")?, context.parameters.required("EndTime")?);
    let period = period(Some(start), Some(end))?;
    if let Some(interval) = context.parameters.parsed::<u32>("Interval")?
        && ![5, 60, 1440].contains(&interval)
    {
        return Err(parameters::invalid("Interval", "it is 5, 60 or 1440 minutes"));
    }
    let usage = Usage::of(context, &space).await?;
    let list = usage.is_in(period).then(|| {
        let mut entry = usage.by_service();
        entry.insert("Timestamp".to_owned(), timestamp::format(usage.now).into());
        entry.insert("EffectiveBillFlag".to_owned(), false.into());
        entry
    });
    let list: Vec<_> = list.into_iter().collect();
    Ok(object(json!({"SpaceId": space, "StartTime": start, "EndTime": end, "SpaceUsageDataList": list})))
}

pub async fn resources(context: &Context<'_>) -> Answer {
    let space = context.space().await?;
    let period = period(context.parameters.text("StartTime"), context.parameters.text("EndTime"))?;
    if context.parameters.text("Format").is_some_and(|format| !format.eq_ignore_ascii_case("JSON")) {
        return Err(parameters::invalid("Format", "it is JSON"));
    }
    let number = context.parameters.parsed::<u64>("PageNumber")?.unwrap_or(1).max(1);
    let size = context.parameters.parsed::<u64>("PageSize")?.unwrap_or(30).clamp(1, 1000);
    let usage = Usage::of(context, &space).await?;
    let total = u64::from(usage.is_in(period));
    let list = (number <= total).then(|| usage.by_resource());
    let list: Vec<_> = list.into_iter().collect();
    Ok(object(json!({
        "Code": "success",
        "HttpStatusCode": "200",
        "Message": "",
        "Success": true,
        "DataList": list,
        "Paginator": {"PageCount": total, "PageNum": number, "PageSize": size, "Total": total},
    })))
}

impl Usage {
    async fn of(context: &Context<'_>, space: &str) -> Result<Self> {
        let now = timestamp::now_ms();
        let (begin, end) = month(now).ok_or_else(|| Error::internal("the month has no begin"))?;
        let (files, sites, database, invocations) = tokio::try_join!(
            stored(context, space, "files.usage"),
            stored(context, space, "sites.usage"),
            database(context, space),
            invocations(context, space, begin),
        )?;
        let (files, sites) = (files.unwrap_or_default(), sites.unwrap_or_default());
        Ok(Self { files, sites, database, invocations, begin, end, now })
    }

    /// Whether a period has something of what is known.
    fn is_in(&self, (start, end): (Option<i64>, Option<i64>)) -> bool {
        start.is_none_or(|start| start <= self.now) && end.is_none_or(|end| end > self.begin)
    }

    fn by_service(&self) -> serde_json::Map<String, Value> {
        object(json!({
            "CsUsage": {
                "StorageSize": self.files.bytes,
                "UploadCount": self.files.uploads,
                "DownloadCount": self.files.downloads,
                "CdnTraffic": self.files.traffic,
            },
            "DbUsage": {"StorageSize": self.database, "ReadCount": 0, "WriteCount": 0},
            "FcUsage": {"RequestCount": self.invocations, "Cost": 0, "TxTraffic": 0},
            "WhUsage": {"StorageSize": self.sites.bytes, "CdnTraffic": self.sites.traffic},
        }))
    }

    fn by_resource(&self) -> Value {
        json!({
            "StartTime": timestamp::format(self.begin),
            "EndTime": timestamp::format(self.now),
            "CloudStorage": {
                "DataSize": self.files.bytes,
                "Upload": self.files.uploads,
                "Download": self.files.downloads,
                "Traffic": self.files.traffic,
            },
            "CloudDB": {"DataSize": self.database, "Read": 0, "Write": 0},
            "CloudFunction": {"Count": self.invocations, "Compute": 0, "Traffic": 0},
            "StaticWeb": {"DataSize": self.sites.bytes, "Traffic": self.sites.traffic},
        })
    }
}

/// The begin and the end of the period that is asked about.
fn period(start: Option<&str>, end: Option<&str>) -> Result<(Option<i64>, Option<i64>)> {
    let time = |name: &str, text: Option<&str>| {
        let parse = |text| timestamp::parse(text).ok_or_else(|| parameters::invalid(name, "a time is written as 2026-11-23T10:09:45Z"));
        text.map(parse).transpose()
    };
    match (time("StartTime", start)?, time("EndTime", end)?) {
        (Some(start), Some(end)) if end <= start => Err(parameters::invalid("EndTime", "it is not after StartTime")),
        period => Ok(period),
    }
}

/// When the month of a time began, and when the next one begins.
fn month(now: i64) -> Option<(i64, i64)> {
    let text = timestamp::format(now);
    let (year, month): (i64, u32) = (text.get(..4)?.parse().ok()?, text.get(5..7)?.parse().ok()?);
    let begin = |year: i64, month: u32| timestamp::parse(&format!("{year:04}-{month:02}-01T00:00:00Z"));
    let next = if month == 12 { begin(year + 1, 1) } else { begin(year, month + 1) };
    Some((begin(year, month)?, next?))
}

async fn ask<T: DeserializeOwned>(context: &Context<'_>, space: &str, method: &str, params: Value) -> Result<T> {
    context.call(space, method, serde_json::to_vec(&params).map_err(Error::internal)?).await?.decode()
}

/// What a plugin stores for a space; none without the plugin.
async fn stored(context: &Context<'_>, space: &str, method: &str) -> Result<Option<Stored>> {
    if !context.state.router.provides(method) {
        return Ok(None);
    }
    ask(context, space, method, json!({})).await.map(Some)
}

/// The size of all documents.
async fn database(context: &Context<'_>, space: &str) -> Result<u64> {
    let list = json!({"command": LIST_COLLECTIONS, "options": {}});
    let collections: Outcome<Vec<Named>> = ask(context, space, db::EXECUTE, list).await?;
    let sizes = stream::iter(collections.result.unwrap_or_default()).map(async |collection: Named| {
        let stats = json!({"command": COLL_STATS, "collection": collection.name, "options": {}});
        match ask::<Outcome<Stats>>(context, space, db::EXECUTE, stats).await {
            Ok(stats) => Ok(stats.result.unwrap_or_default().size),
            // It was dropped meanwhile.
            Err(error) if error.code() == NAMESPACE_NOT_FOUND => Ok(0),
            Err(error) => Err(error),
        }
    });
    sum(sizes.buffer_unordered(AT_ONCE)).await
}

/// How often functions were called since a time.
async fn invocations(context: &Context<'_>, space: &str, since: i64) -> Result<u64> {
    let (list, log) = (format!("{}ListFunction", management::PREFIX), format!("{}ListFunctionLog", management::PREFIX));
    if !context.state.router.provides(&list) || !context.state.router.provides(&log) {
        return Ok(0);
    }
    let mut names = Vec::new();
    for number in 1..=MAX_PAGES {
        let page: Page<Named> = ask(context, space, &list, json!({"PageNum": number, "PageSize": PAGE})).await?;
        names.extend(page.data_list);
        if number >= page.paginator.page_count {
            break;
        }
    }
    let counts = stream::iter(names).map(async |function: Named| {
        let params = json!({"Name": function.name, "FromDate": since, "PageSize": 1});
        Ok(ask::<Page<Value>>(context, space, &log, params).await?.paginator.total)
    });
    sum(counts.buffer_unordered(AT_ONCE)).await
}

async fn sum(numbers: impl stream::Stream<Item = Result<u64>>) -> Result<u64> {
    numbers.try_fold(0_u64, |sum, number| async move { Ok(sum.saturating_add(number)) }).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_in_utc() {
        for (now, begin, end) in [
            ("2026-11-23T10:09:45Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-01T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            let (from, to) = month(timestamp::parse(now).unwrap()).unwrap();
            assert_eq!((timestamp::format(from), timestamp::format(to)), (begin.to_owned(), end.to_owned()), "{now}");
        }
    }

    #[test]
    fn a_period_is_in_order() {
        let (early, late) = (Some("2026-11-01T00:00:00Z"), Some("2026-11-02T00:00:00Z"));
        assert!(period(early, late).is_ok() && period(early, None).is_ok() && period(None, None).is_ok());
        for (start, end) in [(late, early), (early, early), (Some("2026-11-01"), None), (None, Some("now"))] {
            assert_eq!(period(start, end).unwrap_err().code(), "InvalidParameter", "{start:?} {end:?}");
        }
    }
}
