//! `generateProximalSign`: begins an upload.

use sdk_plugin::contract::Calls;
use sdk_plugin::contract::files::Target;
use sdk_plugin::{Call, CallerKind, Error, Result, codes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Allowed;
use crate::clock::now;
use crate::code::{QUOTA_EXCEEDED, TOO_LARGE};
use crate::grant::{ACCESS_KEY, Grant, Signed, VALID};
use crate::name;
use crate::service::{PREFIX, Service, UPLOAD_PATH};

/// The params.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignParams {
    /// `public`, or `private` for a file that is downloaded by a signed URL only.
    env: Option<String>,
    /// The name of the file on the device.
    filename: Option<String>,
    /// In bytes.
    size: Option<f64>,
    /// A folder for the file.
    target_path: Option<String>,
    /// The SDKs' `cloudPath`: the path of the file.
    file_id: Option<String>,
    /// What the core has allowed.
    resolved: Option<Vec<Target>>,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proximal {
    pub id: String,
    pub oss_path: String,
    pub host: String,
    pub policy: String,
    pub signature: String,
    pub access_key_id: &'static str,
    pub cdn_domain: String,
}

impl SignParams {
    pub(super) fn is_private(&self) -> Result<Option<bool>> {
        match self.env.as_deref() {
            None | Some("") => Ok(None),
            Some("public") => Ok(Some(false)),
            Some("private") => Ok(Some(true)),
            Some(other) => Err(Error::new(codes::PARAM_INVALID, format!("env is `{other}`, and may be `public` or `private`"))),
        }
    }

    pub(super) fn size(&self) -> Result<Option<u64>> {
        match self.size {
            None => Ok(None),
            // Beyond this no number is exact in JSON.
            Some(size) if (0.0..=9_007_199_254_740_992.0).contains(&size) => Ok(Some(size as u64)),
            Some(_) => Err(Error::new(codes::PARAM_INVALID, "size is not a number of bytes")),
        }
    }

    /// The name of the file on the device.
    pub(super) fn filename(&self) -> &str {
        self.filename.as_deref().unwrap_or_default()
    }

    /// The path of the file, chosen here where the caller leaves it open.
    pub(super) fn path(&self) -> Result<String> {
        let path = match self.file_id.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => path.to_owned(),
            None => {
                let folder = self.target_path.as_deref().unwrap_or_default();
                let folder = folder.strip_suffix('/').unwrap_or(folder);
                let mut path = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                path.push_str(&Uuid::new_v4().to_string());
                let extension = name::extension(self.filename());
                if !extension.is_empty() {
                    path.push('.');
                    path.push_str(&extension);
                }
                path
            }
        };
        name::check(&path)?;
        Ok(path)
    }
}

impl<C: Calls> Service<C> {
    /// What an upload needs.
    ///
    /// # Errors
    /// `ParamInvalid`, `EntityTooLarge`, `QuotaExceeded`, `InvalidParameter.PermissionDenied`, or
    /// what the database answers.
    pub async fn sign(&self, call: &Call, params: SignParams) -> Result<Proximal> {
        let allowed = Allowed::of(call.caller.kind, params.resolved.as_deref())?;
        let (path, replaces) = match allowed {
            Allowed::Targets([target]) => (target.path.clone(), Some(target.owner.clone())),
            Allowed::Targets(_) => return Err(Error::new(codes::PERMISSION_DENIED, "no rule of the space allows this")),
            Allowed::Everything => (params.path()?, None),
        };
        name::check(&path)?;
        let (size, private) = (params.size()?, params.is_private()?);
        let wanted = Wanted { filename: params.filename(), size, private, replaces, content_type: "" };
        let grant = self.grant(call, &path, &wanted).await?;
        let id = name::id(&call.space, &path);
        // A client hears nothing of an upload that failed, but for what `report` says then.
        if let Some(file) = self.library.get(&call.space, &id).await? {
            if grant.replaces.as_ref().is_some_and(|owner| *owner != file.owner) {
                return Err(Error::new(codes::PERMISSION_DENIED, "the file belongs to somebody else now"));
            }
            self.library.change(&file, json!({"expects": grant.upload})).await?;
        }
        let Signed { policy, signature } = grant.sign(&self.secret)?;
        let endpoint = self.endpoint().await?;
        let bare = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
        // The client SDK puts `https://` before the host, the server SDK takes it as it is.
        let host = if call.caller.kind == CallerKind::Client { bare } else { &endpoint };
        Ok(Proximal {
            id,
            oss_path: grant.key(),
            host: format!("{host}{UPLOAD_PATH}"),
            policy,
            signature,
            access_key_id: ACCESS_KEY,
            cdn_domain: format!("{bare}{PREFIX}{}", call.space),
        })
    }

    /// A grant to upload a file.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub(crate) async fn grant(&self, call: &Call, path: &str, wanted: &Wanted<'_>) -> Result<Grant> {
        let admin = matches!(call.caller.kind, CallerKind::Admin | CallerKind::System);
        let most = if admin { self.config.max_admin_bytes } else { self.config.max_bytes };
        let extension = Some(name::extension(path)).filter(|found| !found.is_empty()).unwrap_or_else(|| name::extension(wanted.filename));
        if !admin && !self.config.allows(&extension) {
            let message = format!("files of the type `{extension}` cannot be uploaded; allowed: {}", self.config.extensions.join(", "));
            return Err(Error::new(codes::PARAM_INVALID, message));
        }
        if wanted.size.is_some_and(|size| size > most) {
            return Err(Error::new(TOO_LARGE, format!("the file is larger than {most} bytes")));
        }
        self.room(&call.space, &name::id(&call.space, path), wanted.size.unwrap_or(0), 0).await?;
        Ok(Grant {
            expires: now() + VALID,
            space: call.space.clone(),
            path: path.to_owned(),
            owner: call.caller.user.clone(),
            replaces: wanted.replaces.clone(),
            most: wanted.size.unwrap_or(most),
            private: wanted.private,
            trusted: call.caller.kind != CallerKind::Client,
            extension,
            content_type: wanted.content_type.to_owned(),
            upload: Uuid::new_v4().simple().to_string(),
        })
    }

    /// How large a file may be that takes the place of another; none for any size. `own` is what was
    /// reserved for it.
    ///
    /// # Errors
    /// `QuotaExceeded` when it is not even `size` bytes, or what the database answers.
    pub(crate) async fn room(&self, space: &str, id: &str, size: u64, own: u64) -> Result<Option<u64>> {
        let Some(quota) = self.config.quota(space) else { return Ok(None) };
        let replaced = self.library.get(space, id).await?.map_or(0, |file| file.size);
        let others = self.usage.bytes(space).await?.saturating_sub(replaced);
        let others = others.saturating_add(self.usage.reserved(space).saturating_sub(own));
        match quota.checked_sub(others) {
            Some(room) if size <= room => Ok(Some(room)),
            _ => Err(Error::new(QUOTA_EXCEEDED, format!("the space may have {quota} bytes of files, and has no room for this one"))),
        }
    }
}

/// What an upload is to be.
pub struct Wanted<'a> {
    pub filename: &'a str,
    pub size: Option<u64>,
    pub private: Option<bool>,
    pub replaces: Option<String>,
    pub content_type: &'a str,
}
