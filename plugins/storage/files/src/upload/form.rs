//! A form with a file, as the vendor's object storage takes it: fields first, the file last.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use http::{StatusCode, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, Result, codes};
use tokio::time::timeout;

use super::body::{Shared, too_large};
use super::{Described, MAX_FIELDS, boundary};
use crate::clock::now;
use crate::code::{MALFORMED, TOO_LARGE};
use crate::grant;
use crate::record::File;
use crate::service::Service;

/// How many fields may come before the file.
const FIELDS: usize = 100;
/// How many bytes are read at the most, but for one chunk, before the file is reached.
const MAX_BEFORE: usize = 256 * 1024;
/// How often the parser may look at what it has before it is told that no more comes. It looks a few
/// times at each field.
const LOOKS: usize = 8 * FIELDS;
/// How long everything before the file may take.
const FIELDS_PATIENCE: Duration = Duration::from_secs(60);

/// A body that is given up when too much of it was read before the file is reached. The parser reads
/// whatever it can get before it looks at any of it, so that chunks come one by one until then.
struct Guarded {
    body: BoxStream<'static, Result<Bytes>>,
    reached: Arc<AtomicBool>,
    read: usize,
    handed: bool,
    looks: usize,
}

impl Guarded {
    fn new(body: BoxStream<'static, Result<Bytes>>, reached: Arc<AtomicBool>) -> Self {
        Self { body, reached, read: 0, handed: false, looks: 0 }
    }
}

impl Stream for Guarded {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.reached.load(Ordering::Relaxed) {
            return this.body.as_mut().poll_next(cx);
        }
        let full = this.read > MAX_BEFORE;
        if full && this.looks >= LOOKS {
            return Poll::Ready(Some(Err(malformed("the form has too much before the field `file`"))));
        }
        if full || this.handed {
            this.looks += usize::from(full);
            this.handed = false;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = this.body.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            this.read = this.read.saturating_add(chunk.len());
            this.handed = true;
        }
        next
    }
}

/// The fields of a form before its file.
#[derive(Default)]
struct Fields {
    key: String,
    policy: String,
    signature: String,
    status: Option<StatusCode>,
    described: Described,
}

impl Fields {
    fn take(&mut self, name: &str, text: String) {
        match name {
            "key" => self.key = text,
            "policy" => self.policy = text,
            "signature" => self.signature = text,
            // Others are not answered: the vendor's storage knows these three.
            "success_action_status" => {
                self.status = match text.trim() {
                    "200" => Some(StatusCode::OK),
                    "201" => Some(StatusCode::CREATED),
                    _ => None,
                };
            }
            name => self.described.field(name, text),
        }
    }
}

impl<C: Calls> Service<C> {
    pub(super) async fn form(self: &Arc<Self>, request: &HttpRequest, body: Shared) -> Result<(StatusCode, File)> {
        let whole = body.length();
        let before = timeout(FIELDS_PATIENCE, self.before_file(request, body)).await;
        let (fields, file) = before.map_err(|_| Error::new(codes::TIMEOUT, "the form did not arrive in time"))??;
        self.file(fields, file, whole).await
    }

    /// Reads a form until its file begins.
    async fn before_file(&self, request: &HttpRequest, body: Shared) -> Result<(Fields, Field<'static>)> {
        let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (sniffed, body) = boundary::read(body).await?;
        let boundary = multer::parse_boundary(content_type).ok().or(sniffed);
        let boundary = boundary.ok_or_else(|| malformed("the body must be multipart/form-data"))?;
        let largest = self.config.max_bytes.max(self.config.max_admin_bytes);
        let sizes = SizeLimit::new().whole_stream(largest.saturating_add(2 * MAX_FIELDS)).per_field(MAX_FIELDS).for_field("file", u64::MAX);
        let reached = Arc::new(AtomicBool::new(false));
        let guarded = Guarded::new(body.boxed(), reached.clone());
        let mut form = Multipart::with_constraints(guarded, boundary, Constraints::new().size_limit(sizes));
        let (mut fields, mut size) = (Fields::default(), 0);
        for _ in 0..FIELDS {
            let field = form.next_field().await.map_err(broken)?.ok_or_else(|| malformed("the form has no field `file`"))?;
            if field.name() == Some("file") {
                reached.store(true, Ordering::Relaxed);
                return Ok((fields, field));
            }
            let name = field.name().unwrap_or_default().to_ascii_lowercase();
            let text = field.text().await.map_err(broken)?;
            size += (name.len() + text.len()) as u64;
            if size > MAX_FIELDS {
                break;
            }
            fields.take(&name, text);
        }
        Err(malformed("the form has too much before the field `file`"))
    }

    async fn file(self: &Arc<Self>, fields: Fields, file: Field<'static>, whole: Option<u64>) -> Result<(StatusCode, File)> {
        let Fields { key, policy, signature, status, described } = fields;
        let mut grant = grant::verify_form(&self.secret, &key, &policy, &signature, now())?;
        if whole.is_some_and(|length| length > grant.most.saturating_add(2 * MAX_FIELDS)) {
            return Err(too_large(grant.most));
        }
        // No file is larger than its form.
        grant.most = whole.map_or(grant.most, |length| length.min(grant.most));
        let body = Body::from_stream(file.map(|chunk| chunk.map_err(broken)));
        let file = self.receive(&grant, described.checked()?, body).await?;
        Ok((status.unwrap_or(StatusCode::NO_CONTENT), file))
    }
}

fn malformed(what: &str) -> Error {
    Error::new(MALFORMED, what)
}

fn broken(error: multer::Error) -> Error {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Error::new(TOO_LARGE, "the form is larger than any file may be")
        }
        error => malformed("the form is broken, or ended too early").with_source(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn endless(reached: bool) -> Guarded {
        let chunk = Bytes::from(vec![b'a'; 64 * 1024]);
        Guarded::new(stream::repeat_with(move || Ok(chunk.clone())).boxed(), Arc::new(AtomicBool::new(reached)))
    }

    #[tokio::test]
    async fn only_so_much_is_read_before_the_file() {
        let read: Vec<_> = endless(false).take(6).collect().await;
        assert!(read[..5].iter().all(Result::is_ok));
        assert_eq!(read[5].as_ref().unwrap_err().code(), MALFORMED);
        assert!(endless(true).take(20).all(|chunk| std::future::ready(chunk.is_ok())).await);
    }
}
