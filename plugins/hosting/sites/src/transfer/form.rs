//! Files, posted as forms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use multer::{Constraints, Field, Multipart, SizeLimit};
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Body, Error, HttpRequest, HttpResponse, Result};

use super::body::{DRAIN_PATIENCE, Guarded, Measure, Shared, too_large};
use crate::clock::now;
use crate::code::MALFORMED;
use crate::ids;
use crate::manifest::{File, Hash, content_type};
use crate::objects::blob_key;
use crate::path;
use crate::service::Service;
use crate::signature::{self, Policy};

/// How large everything in a form but the file may be, in bytes.
const MAX_FIELDS: u64 = 64 * 1024;
/// How many fields may come before the file.
const FIELDS: usize = 32;
/// How long everything in a form but the file may take.
const FIELDS_PATIENCE: Duration = Duration::from_secs(60);

/// The fields of a form before its file.
#[derive(Default)]
struct Fields {
    key: String,
    policy: String,
    signature: String,
    content_type: String,
    status: Option<StatusCode>,
}

impl<C: Calls> Service<C> {
    /// Takes a file. It is there as soon as this is answered.
    pub(super) async fn upload_form(self: &Arc<Self>, mut request: HttpRequest) -> Result<HttpResponse> {
        let most = self.config.quota_bytes.saturating_add(MAX_FIELDS);
        let whole = request.body.length();
        let body = Shared::new(std::mem::replace(&mut request.body, Body::empty()));
        let answer = if whole.is_some_and(|length| length > most) { Err(too_large(most)) } else { self.form(&request, body.clone()).await };
        if answer.is_err() {
            body.drain(most, DRAIN_PATIENCE).await;
        }
        answer
    }

    async fn form(self: &Arc<Self>, request: &HttpRequest, body: Shared) -> Result<HttpResponse> {
        let limit = self.config.quota_bytes;
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(|_| malformed("the body must be multipart/form-data"))?;
        let sizes = SizeLimit::new().whole_stream(limit.saturating_add(MAX_FIELDS)).per_field(MAX_FIELDS).for_field("file", limit);
        let reached = Arc::<AtomicBool>::default();
        let guarded = Guarded::new(body, reached.clone());
        let mut form = Multipart::with_constraints(guarded, boundary, Constraints::new().size_limit(sizes));
        let reading = tokio::time::timeout(FIELDS_PATIENCE, fields_and_file(&mut form, limit)).await;
        let (fields, file) = reading.map_err(|_| malformed("the fields of the form did not arrive in time"))??;
        reached.store(true, Ordering::Relaxed);
        self.file_of_form(&fields, file).await
    }

    async fn file_of_form(self: &Arc<Self>, fields: &Fields, file: Field<'static>) -> Result<HttpResponse> {
        let policy = signature::verify_form(&self.secret, &fields.key, &fields.policy, &fields.signature, now())?;
        let Policy { space, key, most, .. } = policy;
        let given_type = Some(fields.content_type.trim()).filter(|text| !text.is_empty());
        if given_type.is_some_and(|given| !is_type(given)) {
            return Err(Error::new(INVALID_PARAMETER, "the form's Content-Type is no media type"));
        }
        // Before the file, so that nobody uploads one in vain.
        self.records.require(&space).await?;
        let chunks = file.map(move |chunk| chunk.map_err(|e| broken(e, most)));
        if key.ends_with('/') {
            let rest = Measure::default();
            let reading = tokio::time::timeout(FIELDS_PATIENCE, rest.through(chunks, 0).collect(0)).await;
            reading.map_err(|_| malformed("the form did not end in time"))?.map_err(|_| malformed("a folder has no contents"))?;
            self.put_folder(&space, &key).await?;
        } else {
            let measure = Measure::default();
            self.put_file(&space, &key, given_type, measure.through(chunks, most), &measure).await?;
        }
        self.usage.of(&space).uploaded();
        Ok(HttpResponse::new(fields.status.unwrap_or(StatusCode::NO_CONTENT), Body::empty()))
    }

    /// Makes a folder, which is there until it is deleted, whether it has files or not.
    pub(crate) async fn put_folder(&self, space: &str, path: &str) -> Result<()> {
        let folder = File::folder(path::check(path)?, now());
        self.change_files(space, |old| Ok(if old.get(&folder.path).is_some() { None } else { Some(old.with(folder.clone())) })).await
    }

    async fn put_file(&self, space: &str, path: &str, given_type: Option<&str>, body: Body, measure: &Measure) -> Result<()> {
        let (path, upload, began) = (path::check(path)?, ids::new(ids::UPLOAD), Instant::now());
        let patience = self.config.upload_patience();
        let key = blob_key(space, &upload, &Hash::default());
        let stored = tokio::time::timeout(patience, self.objects.put(&key, body, patience)).await;
        stored.map_err(|_| malformed("the file did not arrive in time"))??;
        let (hash, size) = measure.result();
        // What is older may be swept away.
        if began.elapsed() >= patience {
            return Err(malformed("the file did not arrive in time"));
        }
        let file = File {
            path: path.into(),
            hash,
            size,
            origin: upload.as_str().into(),
            modified: now(),
            given_type: given_type.map(Into::into),
            content_type: content_type(path, given_type),
        };
        let changed = self.change_files(space, |old| {
            // The same contents are kept once.
            let known = old.files().iter().find(|other| other.hash == hash && other.size == size && !other.is_folder());
            let origin = known.map_or_else(|| file.origin.clone(), |known| known.origin.clone());
            Ok(Some(old.with(File { origin, ..file.clone() })))
        });
        if let Err(error) = changed.await {
            // A change of which nobody knows whether it was made needs its contents.
            if !matches!(error.code(), sdk_plugin::codes::INTERNAL | sdk_plugin::codes::TIMEOUT | sdk_plugin::codes::UNAVAILABLE) {
                self.objects.delete(&key).await?;
            }
            return Err(error);
        }
        Ok(())
    }
}

/// Reads a form up to its file.
async fn fields_and_file(form: &mut Multipart<'static>, limit: u64) -> Result<(Fields, Field<'static>)> {
    let mut fields = Fields::default();
    for _ in 0..FIELDS {
        let field = form.next_field().await.map_err(|e| broken(e, limit))?.ok_or_else(|| malformed("the form has no field `file`"))?;
        if field.name() == Some("file") {
            return Ok((fields, field));
        }
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        let text = field.text().await.map_err(|e| broken(e, limit))?;
        match name.as_str() {
            "key" => fields.key = text,
            "policy" => fields.policy = text,
            "signature" => fields.signature = text,
            "content-type" => fields.content_type = text,
            "success_action_status" => fields.status = text.parse().ok().filter(|status: &StatusCode| status.is_success()),
            _ => {}
        }
    }
    Err(malformed("the form has too many fields before `file`"))
}

/// Whether a text can be a `Content-Type`.
fn is_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default();
    let token = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
    text.len() <= 200
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && essence.trim().split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
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
