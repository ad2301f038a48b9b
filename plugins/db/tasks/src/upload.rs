//! Files for imports, posted as a form; see [`signature`](crate::signature).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use multer::{Constraints, Field, Multipart, SizeLimit};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, HttpResponse, Result, codes};
use uuid::Uuid;

use crate::calendar::now;
use crate::code::SERVER_BUSY;
use crate::record::{Status, Task, Work, task_folder};
use crate::service::Service;
use crate::signature::{self, Named};

/// The code for a file that is too large: the vendor's object storage has it.
pub const TOO_LARGE: &str = "EntityTooLarge";
/// The code for a form that lacks something: the vendor's object storage has it.
const MALFORMED: &str = "MalformedPOSTRequest";
/// How long an upload may take.
pub const PATIENCE: Duration = Duration::from_secs(900);
/// How large everything in a form but the file may be, in bytes.
const MAX_FIELDS: u64 = 64 * 1024;
/// How many fields may come before the file.
const FIELDS: usize = 32;

/// How long the rest of a refused upload is read.
const DRAIN_PATIENCE: Duration = Duration::from_secs(60);

/// A body whose rest can be read by somebody else.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// Reads and forgets what is left, unless it is more than `most` bytes: many clients look for
    /// an answer only when they have sent everything.
    async fn drain(mut self, most: u64) {
        let mut read = 0;
        while let Some(Ok(chunk)) = self.next().await {
            read += chunk.len() as u64;
            if read > most {
                return;
            }
        }
    }
}

impl Stream for Shared {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_next(cx)
    }
}

/// The fields of a form before its file.
#[derive(Default)]
struct Fields {
    key: String,
    policy: String,
    signature: String,
    status: Option<StatusCode>,
}

impl<C: Calls> Service<C> {
    /// Stores the file of a form and starts its import.
    ///
    /// # Errors
    /// `SignatureNotMatch`, `EntityTooLarge`, `MalformedPOSTRequest`, `SERVER_BUSY`, `Conflict` for
    /// a second file, or what the database or the storage answers.
    pub async fn upload(self: &Arc<Self>, mut request: HttpRequest) -> Result<HttpResponse> {
        let limit = self.config.max_import_bytes;
        let whole = request.body.length();
        let body = Shared(Arc::new(Mutex::new(std::mem::replace(&mut request.body, Body::empty()))));
        let answer = if whole.is_some_and(|length| length > limit.saturating_add(MAX_FIELDS)) {
            Err(too_large(limit))
        } else {
            self.form(&request, body.clone()).await
        };
        if answer.is_err() {
            let _ = tokio::time::timeout(DRAIN_PATIENCE, body.drain(limit)).await;
        }
        answer
    }

    async fn form(self: &Arc<Self>, request: &HttpRequest, body: Shared) -> Result<HttpResponse> {
        let limit = self.config.max_import_bytes;
        let content_type = request.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(|_| malformed("the body must be multipart/form-data"))?;
        let sizes = SizeLimit::new().whole_stream(limit.saturating_add(MAX_FIELDS)).per_field(MAX_FIELDS).for_field("file", limit);
        let mut form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(sizes));
        let mut fields = Fields::default();
        for _ in 0..FIELDS {
            let field = form.next_field().await.map_err(|e| broken(e, limit))?.ok_or_else(|| malformed("the form has no field `file`"))?;
            if field.name() == Some("file") {
                return self.file(&fields, field).await;
            }
            let name = field.name().unwrap_or_default().to_ascii_lowercase();
            let text = field.text().await.map_err(|e| broken(e, limit))?;
            match name.as_str() {
                "key" => fields.key = text,
                "policy" => fields.policy = text,
                "signature" => fields.signature = text,
                "success_action_status" => fields.status = text.parse().ok().filter(|status: &StatusCode| status.is_success()),
                _ => {}
            }
        }
        Err(malformed("the form has too many fields before `file`"))
    }

    async fn file(self: &Arc<Self>, fields: &Fields, file: Field<'static>) -> Result<HttpResponse> {
        let limit = self.config.max_import_bytes;
        let Named { space, task } = signature::verify_form(&self.secret, &fields.key, &fields.policy, &fields.signature, now())?;
        let task = self.tasks.get(&space, &task).await?;
        if task.status != Status::New {
            return Err(taken());
        }
        // Before the file, so that nobody uploads one in vain.
        let place = self.place(&space)?;
        // Under a key of its own, so that no other upload can replace it.
        let key = format!("{}/{}", task_folder(&space, &task.id), Uuid::new_v4());
        let body = Body::from_stream(file.map(move |chunk| chunk.map_err(|e| broken(e, limit))));
        let began = Instant::now();
        let stored = tokio::time::timeout(PATIENCE, self.objects.put(&key, body)).await;
        stored.map_err(|_| malformed("the file did not arrive in time"))??;
        let started = self.tasks.uploaded(&task.id, &key).await;
        if !matches!(started, Ok(true)) {
            self.objects.delete(&key).await?;
            started?;
            return Err(taken());
        }
        tracing::debug!(task = task.id, millis = began.elapsed().as_millis(), "a file was uploaded");
        self.start(with_file(task, key), place);
        Ok(HttpResponse::new(fields.status.unwrap_or(StatusCode::NO_CONTENT), Body::empty()))
    }
}

fn with_file(mut task: Task, key: String) -> Task {
    if let Work::Import { file, .. } = &mut task.work {
        *file = key;
    }
    task
}

fn taken() -> Error {
    Error::new(codes::CONFLICT, "the task has a file already; create another one")
}

fn too_large(limit: u64) -> Error {
    Error::new(TOO_LARGE, format!("the file is larger than {limit} bytes"))
}

fn malformed(what: &str) -> Error {
    Error::new(MALFORMED, what)
}

fn broken(error: multer::Error, limit: u64) -> Error {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => too_large(limit),
        error => malformed("the form is broken, or ended too early").with_source(error),
    }
}

/// The status of an error of an upload or download.
pub fn status(error: &Error) -> StatusCode {
    match error.code() {
        codes::SIGNATURE => StatusCode::FORBIDDEN,
        codes::CONFLICT => StatusCode::CONFLICT,
        TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        MALFORMED => StatusCode::BAD_REQUEST,
        SERVER_BUSY | codes::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        code if code.ends_with("NotFound") => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
