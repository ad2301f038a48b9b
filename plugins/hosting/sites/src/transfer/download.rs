//! Files to keep, for whoever has a signed address. They are no pages of the server's own name:
//! browsers only save them.

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, HttpRequest, HttpResponse, Result};

use super::FILES;
use crate::clock::now;
use crate::code::FILE_NOT_FOUND;
use crate::path::{decode, encode};
use crate::service::Service;
use crate::signature::{VALID, sign, verify};

/// Path and query of a download.
///
/// # Errors
/// Never for a secret of a usable length.
pub fn address(secret: &[u8], space: &str, path: &str, now: u64) -> Result<String> {
    let path = encode(path);
    sign(secret, "GET", &format!("{FILES}{space}{path}"), "", now + VALID)
}

impl<C: Calls> Service<C> {
    pub(super) async fn download(&self, request: &HttpRequest) -> Result<HttpResponse> {
        verify(&self.secret, "GET", &request.uri, now())?;
        let absent = || Error::new(FILE_NOT_FOUND, "there is no such file");
        let named = request.path().strip_prefix(FILES).ok_or_else(absent)?;
        let (space, path) = named.find('/').map(|end| named.split_at(end)).ok_or_else(absent)?;
        let path = decode(path).ok_or_else(absent)?;
        let site = self.records.require(space).await?;
        let manifest = self.manifest_of(&site).await?;
        let file = manifest.get(&path).filter(|file| !file.is_folder()).ok_or_else(absent)?;
        let body = self.objects.read(space, file, 0, file.size).await?;
        let name = encode(path.rsplit('/').next().unwrap_or_default());
        let disposition = format!("attachment; filename*=UTF-8''{}", name.trim_start_matches('/'));
        Ok(HttpResponse::new(StatusCode::OK, body)
            .with_header(CONTENT_TYPE, file.content_type.clone())
            .with_header(CONTENT_DISPOSITION, HeaderValue::try_from(disposition).map_err(Error::internal)?)
            .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with_header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
    }
}
