//! Export of raw events: lists of files, and downloads by addresses that are signed and expire.

pub mod signature;

use analytics_engine::Day;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use sdk_plugin::contract::{Calls, SYSTEM_SPACE};
use sdk_plugin::{Call, Error, HttpRequest, HttpResponse, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::service::Service;
use signature::Named;

/// The method that tells where the server is.
pub const ENDPOINT: &str = "core.endpoint";

/// What `analytics.export.list` is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct List {
    /// The application.
    pub app_key: String,
    #[serde(default)]
    from: Option<Day>,
    #[serde(default)]
    to: Option<Day>,
}

/// A file of raw events.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The date of receipt, in UTC.
    pub date: Day,
    /// The file's name.
    pub name: String,
    /// How many events it has.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Whether it stays as it is until it expires: then no other such file has any of its events.
    #[serde(rename = "final")]
    pub settled: bool,
    /// Where it can be downloaded for an hour.
    pub url: String,
}

impl<C: Calls> Service<C> {
    /// The files of raw events of an application that were received on some dates, in UTC. What was
    /// collected within the last interval of folding is not among them yet.
    ///
    /// # Errors
    /// `InvalidAppKey.NotFound`, `InvalidParams.Format`, or what the database answers.
    pub async fn list_files(&self, space: &str, list: List) -> Result<Vec<Listed>> {
        if let (Some(from), Some(to)) = (list.from, list.to)
            && to < from
        {
            return Err(Error::invalid_params(format!("`from` ({from}) is after `to` ({to})")));
        }
        let app = self.apps.of(space, &list.app_key).await?;
        let manifest = self.store.manifests.get(&app.key).await?.unwrap_or_default();
        let endpoint = self.endpoint().await?;
        let wanted = |day: Day| list.from.is_none_or(|from| from <= day) && list.to.is_none_or(|to| day <= to);
        let files = manifest.raw.into_iter().filter(|raw| wanted(raw.date)).map(|raw| {
            let name = raw.file.strip_prefix("raw/").unwrap_or(&raw.file).to_owned();
            let named = Named { app: app.key.clone(), name: name.clone() };
            let url = format!("{endpoint}{}", signature::download(&self.secret, &named, self.clock.now())?);
            Ok(Listed { date: raw.date, name, rows: raw.rows, bytes: raw.bytes, settled: raw.settled, url })
        });
        files.collect()
    }

    async fn endpoint(&self) -> Result<String> {
        #[derive(Deserialize)]
        struct Endpoint {
            http: String,
        }
        let endpoint: Endpoint = self.calls.make(Call::new(SYSTEM_SPACE, ENDPOINT, "{}")).await?.decode()?;
        Ok(endpoint.http.trim_end_matches('/').to_owned())
    }

    /// Answers a request for a file. Errors are answered as JSON.
    pub async fn transfer(&self, request: &HttpRequest) -> HttpResponse {
        if request.method != Method::GET {
            return problem(StatusCode::METHOD_NOT_ALLOWED, codes::INVALID_METHOD, "use GET to download");
        }
        self.download(request.path(), request.query()).await.unwrap_or_else(|error| {
            let status = match error.code() {
                codes::SIGNATURE => StatusCode::FORBIDDEN,
                codes::NOT_FOUND => StatusCode::NOT_FOUND,
                codes::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
                _ => {
                    tracing::error!(?error, "a download of raw events failed");
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            };
            problem(status, error.code(), error.message())
        })
    }

    async fn download(&self, path: &str, query: &str) -> Result<HttpResponse> {
        let Named { app, name } = signature::verify(&self.secret, path, query, self.clock.now())?;
        let gone = |error: Error| match error.code() {
            codes::NOT_FOUND => Error::new(codes::NOT_FOUND, "the file is not there any more: list the files again"),
            _ => error,
        };
        if self.apps.fetch(&app).await?.is_none() {
            return Err(Error::new(codes::NOT_FOUND, "the application was deleted"));
        }
        let body = self.store.objects.open(&app, &format!("raw/{name}")).await.map_err(gone)?;
        let mut response = HttpResponse::new(StatusCode::OK, body);
        for (header, value) in [
            (CONTENT_TYPE, "application/vnd.apache.parquet"),
            (CONTENT_DISPOSITION, &*format!("attachment; filename=\"{name}\"")),
            (CACHE_CONTROL, "no-store"),
        ] {
            insert(&mut response, header, value)?;
        }
        Ok(response)
    }
}

fn insert(response: &mut HttpResponse, name: HeaderName, value: &str) -> Result<()> {
    response.headers.insert(name, HeaderValue::from_str(value).map_err(Error::internal)?);
    Ok(())
}

fn problem(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!({"code": code, "message": message}).to_string())
}
