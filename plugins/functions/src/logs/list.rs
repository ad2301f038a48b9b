//! `ListFunctionLog`.

use sdk_plugin::Result;
use sdk_plugin::contract::db::Collection;
use sdk_plugin::contract::{Calls, SYSTEM_SPACE, management};
use serde::Deserialize;
use serde_json::{Value, json};

use super::COLLECTION;
use super::sink::status;
use crate::paging::Page;

/// The parameters of `ListFunctionLog`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListParams {
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "management::optional")]
    from_date: Option<u64>,
    #[serde(default, deserialize_with = "management::optional")]
    to_date: Option<u64>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    log_request_id: Option<String>,
    /// Ours: only what was logged then or later, for those who follow a log. A call is logged when
    /// it has ended.
    #[serde(default, deserialize_with = "management::optional")]
    logged_from: Option<u64>,
    #[serde(flatten)]
    page: Page,
}

impl ListParams {
    fn query(&self, space: &str) -> Value {
        let mut query = json!({"spaceId": space, "functionName": self.name});
        let mut time = serde_json::Map::new();
        if let Some(from) = self.from_date {
            time.insert("$gte".to_owned(), from.into());
        }
        if let Some(to) = self.to_date {
            time.insert("$lte".to_owned(), to.into());
        }
        if !time.is_empty() {
            query["time"] = time.into();
        }
        if let Some(from) = self.logged_from {
            query["logged"] = json!({"$gte": from});
        }
        if let Some(wanted) = self.status.as_deref().filter(|wanted| !wanted.is_empty()) {
            query["status"] = match wanted.to_ascii_lowercase().as_str() {
                "success" | "succeeded" | "ok" | "true" => status(true).into(),
                "fail" | "failed" | "failure" | "error" | "false" => status(false).into(),
                other => other.into(),
            };
        }
        if let Some(id) = self.log_request_id.as_deref().filter(|id| !id.is_empty()) {
            query["requestId"] = id.into();
        }
        query
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    request_id: String,
    status: String,
    #[serde(default)]
    logged: u64,
    levels: Vec<String>,
    contents: Vec<String>,
    timestamps: Vec<String>,
}

/// A page of a function's log, newest first.
///
/// # Errors
/// What the database answers.
pub async fn list<C: Calls>(calls: &C, space: &str, params: &ListParams) -> Result<Value> {
    let records = Collection::new(calls.clone(), SYSTEM_SPACE, COLLECTION);
    let query = params.query(space);
    let total = records.count(query.clone()).await?;
    let found: Vec<Record> = records.find(query, params.page.options(json!({"time": -1}))).await?;
    let items: Vec<Value> = found
        .into_iter()
        .map(|record| {
            json!({
                "SpaceId": space,
                "FunctionName": params.name,
                "RequestId": record.request_id,
                "Status": record.status,
                "Levels": record.levels,
                "Contents": record.contents,
                "Timestamps": record.timestamps,
                "LoggedAt": record.logged,
            })
        })
        .collect();
    Ok(json!({"DataList": items, "Paginator": params.page.paginator(total)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_become_a_query() {
        let params =
            json!({"Name": "f", "FromDate": "1", "ToDate": 2, "Status": "Success", "LogRequestId": "r", "LoggedFrom": "3", "PageNum": "2"});
        let params: ListParams = serde_json::from_value(params).expect("decodes");
        let query = json!({"spaceId": "s", "functionName": "f", "time": {"$gte": 1, "$lte": 2}, "status": "success", "requestId": "r", "logged": {"$gte": 3}});
        assert_eq!(params.query("s"), query);
        let params: ListParams = serde_json::from_value(json!({"Name": "f", "Status": "", "FromDate": ""})).expect("decodes");
        assert_eq!(params.query("s"), json!({"spaceId": "s", "functionName": "f"}));
    }
}
