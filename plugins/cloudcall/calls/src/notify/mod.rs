//! Notifications of platforms.
//!
//! One is answered only after what it tells is in the book and stored for the function that is
//! told. A crash before that leaves the platform to repeat it, and a repetition changes nothing.

mod notices;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, StatusCode, header};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::cloudcall::{Delivery, Notice, Response, Subject};
use sdk_plugin::contract::platforms::{APP_NOT_FOUND, App};
use sdk_plugin::{Body, HttpRequest, HttpResponse, Result, codes};

pub use notices::{Notices, RUN};

use crate::amount::Amount;
use crate::book::{Entry, Key};
use crate::service::Service;

/// What the addresses of notifications begin with: `/cloudcall/notify/SPACE/PLATFORM/APPID`.
pub const PREFIX: &str = "/cloudcall/notify/";
/// The largest notification that is read, in bytes.
const MAX_BODY: usize = 256 << 10;

impl<C: Calls> Service<C> {
    /// Answers a request to the address of notifications.
    pub async fn notified(&self, request: HttpRequest) -> HttpResponse {
        let path = request.path().to_owned();
        let mut parts = path.strip_prefix(PREFIX).unwrap_or_default().split('/');
        let (Some(space), Some(platform), Some(app), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return HttpResponse::text(StatusCode::NOT_FOUND, "no such address\n");
        };
        if [space, platform, app].contains(&"") {
            return HttpResponse::text(StatusCode::NOT_FOUND, "no such address\n");
        }
        if request.method != Method::POST {
            let response = HttpResponse::text(StatusCode::METHOD_NOT_ALLOWED, "notifications are sent with POST\n");
            return response.with_header(header::ALLOW, HeaderValue::from_static("POST"));
        }
        let mut headers = BTreeMap::new();
        for (name, value) in &request.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let body = match request.body.collect(MAX_BODY).await {
            Ok(body) => STANDARD.encode(body),
            Err(error) if error.code() == codes::INVALID_BODY => {
                return HttpResponse::text(StatusCode::PAYLOAD_TOO_LARGE, "too large for a notification\n");
            }
            Err(_) => return HttpResponse::text(StatusCode::BAD_REQUEST, "the notification ended too early\n"),
        };
        match self.receive(space, platform, app, headers, body).await {
            Ok(Some(response)) => response,
            Ok(None) => HttpResponse::text(StatusCode::NOT_FOUND, "no such address\n"),
            Err(error) => {
                tracing::warn!(space, platform, app, ?error, "a notification could not be taken");
                HttpResponse::text(StatusCode::SERVICE_UNAVAILABLE, "try again later\n")
            }
        }
    }

    async fn receive(
        &self,
        space: &str,
        platform: &str,
        app: &str,
        headers: BTreeMap<String, String>,
        body: String,
    ) -> Result<Option<HttpResponse>> {
        let adapters = self.desk.adapters.all().await?;
        let Some(adapter) = adapters.iter().find(|adapter| adapter.description.platform == platform) else { return Ok(None) };
        let app = match self.desk.adapters.app(space, platform, app).await {
            Ok(app) => app,
            Err(error) if error.code() == APP_NOT_FOUND || error.code() == codes::SPACE_NOT_FOUND => return Ok(None),
            Err(error) => return Err(error),
        };
        let delivery = Delivery { app, headers, body };
        let received = self.desk.adapters.receive(&adapter.name, space, &delivery).await?;
        let Some(notice) = received.notice else { return Ok(Some(response(&received.reply))) };
        let stored = self.store(space, &delivery.app, &adapter.description.seller, notice).await.unwrap_or_else(|error| {
            tracing::warn!(space, platform, ?error, "a notification could not be stored");
            false
        });
        Ok(Some(response(if stored { &received.reply } else { &received.refusal })))
    }

    /// Stores a genuine notification; false when it does not fit what is in the book.
    async fn store(&self, space: &str, app: &App, seller: &str, notice: Notice) -> Result<bool> {
        let key = Key {
            space: space.to_owned(),
            platform: app.platform.clone(),
            app: app.app_id.clone(),
            subject: notice.subject,
            number: notice.our_number.clone(),
        };
        let book = &self.desk.book;
        let Some(entry) = book.get(&key.id()).await? else {
            tracing::warn!(space, app = app.app_id, number = notice.our_number, "a notification of an order that is not in the book");
            return Ok(false);
        };
        if let Some(problem) = misfit(app, seller, &entry, &notice) {
            tracing::error!(space, app = app.app_id, number = notice.our_number, problem, "a notification that does not fit its order");
            return Ok(false);
        }
        self.desk.nudge(&entry).await?;
        let learned = book.change(&entry.id, |entry| {
            entry.learn(&notice.known);
            if entry.settled() {
                entry.next = crate::book::NEVER;
            }
        });
        let Some(entry) = learned.await? else { return Ok(false) };
        self.desk.notices.add(&entry, notice.fields).await?;
        self.kick.notify_one();
        Ok(true)
    }
}

/// What a notification has that its order has not. `seller` is the setting that names who gets
/// the money.
fn misfit(app: &App, seller: &str, entry: &Entry, notice: &Notice) -> Option<&'static str> {
    let seller = app.setting(seller);
    let amounts = (entry.amount.as_str(), notice.known.amount.as_str());
    let numbers = [&entry.their_number, &notice.known.number];
    if notice.app_id != app.app_id {
        Some("another app")
    } else if !notice.seller.is_empty() && seller.is_some_and(|seller| seller != notice.seller) {
        Some("another seller")
    } else if !amounts.0.is_empty() && !amounts.1.is_empty() && !Amount::same(amounts.0, amounts.1) {
        Some("another amount")
    } else if entry.subject == Subject::Order && numbers.iter().all(|number| !number.is_empty()) && numbers[0] != numbers[1] {
        Some("another number of the platform's")
    } else {
        None
    }
}

fn response(answer: &Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = HttpResponse::new(status, Body::full(answer.body.clone()));
    match HeaderValue::from_str(&answer.content_type) {
        Ok(kind) if !kind.is_empty() => response.with_header(header::CONTENT_TYPE, kind),
        _ => response,
    }
}
