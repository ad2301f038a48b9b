//! Uploads: forms that are posted, and `PUT`s.

mod body;
mod boundary;
mod described;
mod form;
mod receive;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ETAG};
use http::{HeaderValue, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, HttpResponse, Result, codes};

use crate::clock::now;
use crate::grant::{self, Grant};
use crate::name;
use crate::record::File;
use crate::service::{PREFIX, Service};

use self::body::Shared;
pub use self::described::{Described, META};

/// How large everything in a form but the file may be, in bytes.
const MAX_FIELDS: u64 = 64 * 1024;
/// How long the rest of an upload is read that was stored or refused.
const DRAIN_PATIENCE: Duration = Duration::from_secs(60);

impl<C: Calls> Service<C> {
    /// Stores the file of a form.
    ///
    /// # Errors
    /// `SignatureNotMatch`, `EntityTooLarge`, `MalformedPOSTRequest`, `QuotaExceeded`,
    /// `ParamInvalid`, or what the database or the storage answers.
    pub async fn post(self: &Arc<Self>, mut request: HttpRequest) -> Result<HttpResponse> {
        let body = Shared::new(std::mem::replace(&mut request.body, Body::empty()));
        let answer = self.form(&request, body.clone()).await;
        self.finish(body, answer).await
    }

    /// Stores the body of a request whose query grants it.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub async fn put_signed(self: &Arc<Self>, mut request: HttpRequest) -> Result<HttpResponse> {
        let body = Shared::new(std::mem::replace(&mut request.body, Body::empty()));
        let length = body.length();
        let stored = async {
            let grant = self.granted(&request)?;
            let described = Described::of_headers(&request.headers, &grant)?;
            let mut file = Body::from_stream(body.clone());
            if let Some(length) = length {
                file = file.with_length(length);
            }
            Ok((StatusCode::OK, self.receive(&grant, described, file).await?))
        };
        let answer: Result<(StatusCode, File)> = stored.await;
        self.finish(body, answer).await
    }

    fn granted(&self, request: &HttpRequest) -> Result<Grant> {
        let grant = grant::verify_query(&self.secret, request.query(), now())?;
        let rest = request.path().strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(grant.space.as_str())?.strip_prefix('/'));
        match rest.and_then(name::unescape) {
            Some(path) if path == grant.path => Ok(grant),
            _ => Err(Error::new(codes::SIGNATURE, "the address is not the one that was signed")),
        }
    }

    /// Reads what is left of an upload that was refused, within bounds: many clients look for an
    /// answer only when they have sent everything.
    async fn finish(&self, body: Shared, answer: Result<(StatusCode, File)>) -> Result<HttpResponse> {
        match answer {
            Ok((status, file)) => {
                let _ = tokio::time::timeout(DRAIN_PATIENCE, body.drain(MAX_FIELDS)).await;
                let mut response = HttpResponse::new(status, Body::empty());
                // No cookie opens anything here, so that any page may send what was granted to it.
                response.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", file.object)) {
                    response.headers.insert(ETAG, etag);
                }
                Ok(response)
            }
            Err(error) => {
                let _ = tokio::time::timeout(DRAIN_PATIENCE, body.drain(self.config.max_bytes.saturating_add(MAX_FIELDS))).await;
                Err(error)
            }
        }
    }
}
