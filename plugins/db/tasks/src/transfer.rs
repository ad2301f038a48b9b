//! The HTTP handlers: uploads for imports, downloads of exports.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, HttpRequest, HttpResponse, Result, codes};
use serde_json::json;

use crate::calendar::now;
use crate::record::{FileType, Status, Work, export_key};
use crate::service::Service;
use crate::signature::{self, Named, UPLOAD_PATH};
use crate::tasks;
use crate::upload::status;

impl<C: Calls> Service<C> {
    /// Answers a request. Errors are answered as JSON.
    pub async fn transfer(self: &Arc<Self>, request: HttpRequest) -> HttpResponse {
        let answer = match (&request.method, request.path()) {
            (&Method::POST, UPLOAD_PATH) => self.upload(request).await,
            (&Method::GET, path) if path != UPLOAD_PATH => self.download(path, request.query()).await,
            _ => return problem(StatusCode::METHOD_NOT_ALLOWED, "InvalidMethod", "use POST to upload and GET to download"),
        };
        answer.unwrap_or_else(|error| {
            let status = status(&error);
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(?error, "a transfer failed");
            }
            problem(status, error.code(), error.message())
        })
    }

    async fn download(&self, path: &str, query: &str) -> Result<HttpResponse> {
        let Named { space, task } = signature::verify_download(&self.secret, path, query, now())?;
        let task = self.tasks.get(&space, &task).await?;
        let (Work::Export { collection, file_type, .. }, Status::Success) = (&task.work, task.status) else {
            return Err(Error::new(tasks::NOT_FOUND, "the export has no result"));
        };
        let body = self.objects.get(&export_key(&space, &task.id)).await?;
        let content_type = match file_type {
            FileType::Json => "application/x-ndjson; charset=utf-8",
            FileType::Csv => "text/csv; charset=utf-8; header=present",
        };
        let name = format!("{}.{}", encoded(collection), file_type.extension());
        let mut response = HttpResponse::new(StatusCode::OK, body);
        for (header, value) in [
            (CONTENT_TYPE, content_type),
            (CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{name}")),
            (CACHE_CONTROL, "no-store"),
        ] {
            insert(&mut response, header, value)?;
        }
        Ok(response)
    }
}

fn insert(response: &mut HttpResponse, name: HeaderName, value: &str) -> Result<()> {
    response.headers.insert(name, HeaderValue::from_str(value).map_err(|e| Error::new(codes::INTERNAL, "internal error").with_source(e))?);
    Ok(())
}

/// A name as RFC 8187 has it in a header.
fn encoded(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn problem(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    HttpResponse::json(status, json!({"code": code, "message": message}).to_string())
}
