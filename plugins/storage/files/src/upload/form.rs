//! A form with a file, as the vendor's object storage takes it: fields first, the file last.

use std::sync::Arc;

use futures_util::StreamExt;
use http::{StatusCode, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, HttpRequest, Result};

use super::body::{Shared, too_large};
use super::{Described, MAX_FIELDS, boundary};
use crate::clock::now;
use crate::code::{MALFORMED, TOO_LARGE};
use crate::grant;
use crate::record::File;
use crate::service::Service;

/// How many fields may come before the file.
const FIELDS: usize = 100;

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
        let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (sniffed, body) = boundary::read(body).await?;
        let boundary = multer::parse_boundary(content_type).ok().or(sniffed);
        let boundary = boundary.ok_or_else(|| malformed("the body must be multipart/form-data"))?;
        let largest = self.config.max_bytes.max(self.config.max_admin_bytes);
        let sizes = SizeLimit::new().whole_stream(largest.saturating_add(2 * MAX_FIELDS)).per_field(MAX_FIELDS).for_field("file", u64::MAX);
        let mut form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(sizes));
        let (mut fields, mut size) = (Fields::default(), 0);
        for _ in 0..FIELDS {
            let field = form.next_field().await.map_err(broken)?.ok_or_else(|| malformed("the form has no field `file`"))?;
            if field.name() == Some("file") {
                return self.file(fields, field, whole).await;
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
        let grant = grant::verify_form(&self.secret, &key, &policy, &signature, now())?;
        if whole.is_some_and(|length| length > grant.most.saturating_add(2 * MAX_FIELDS)) {
            return Err(too_large(grant.most));
        }
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
