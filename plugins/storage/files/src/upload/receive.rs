//! From a stream of bytes to a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Error, Result, codes};
use tokio::time::timeout;

use super::Described;
use super::body::{limited, too_large};
use crate::clock::now;
use crate::code::QUOTA_EXCEEDED;
use crate::grant::Grant;
use crate::media;
use crate::name;
use crate::objects::WRITE_PATIENCE;
use crate::record::File;
use crate::service::Service;
use crate::usage::Traffic;

impl<C: Calls> Service<C> {
    /// Stores what was granted. The file is there when this succeeds, and as it was before when not.
    ///
    /// # Errors
    /// `EntityTooLarge`, `QuotaExceeded`, `InvalidParameter.PermissionDenied` for a file that became
    /// somebody else's, or what the body, the database or the storage reports.
    pub(crate) async fn receive(&self, grant: &Grant, described: Described, body: Body) -> Result<File> {
        let id = name::id(&grant.space, &grant.path);
        if body.length().is_some_and(|length| length > grant.most) {
            return Err(too_large(grant.most));
        }
        self.check_space(&grant.space).await?;
        // Until it is counted, so that uploads at the same time do not all take the same room.
        let own = body.length().unwrap_or(grant.most);
        let _reserved = self.usage.reserve(&grant.space, own);
        let room = self.room(&grant.space, &id, body.length().unwrap_or(0), own).await?;
        let most = room.map_or(grant.most, |room| room.min(grant.most));
        let count = Arc::new(AtomicU64::new(0));
        let stored = timeout(WRITE_PATIENCE, self.library.stage(&grant.space, &id, limited(body, most, count.clone()))).await;
        let stored = stored.map_err(|_| Error::new(codes::TIMEOUT, "the file did not arrive in time"))?;
        let size = count.load(Ordering::Relaxed);
        let staged = match stored {
            Ok(staged) => staged,
            Err(_) if size > most && most < grant.most => {
                return Err(Error::new(QUOTA_EXCEEDED, "the space has no room for this file"));
            }
            // Whatever the storage makes of a body that ends with an error.
            Err(_) if size > most => return Err(too_large(grant.most)),
            Err(error) => return Err(error),
        };
        let at = now();
        let new = File {
            id,
            space: grant.space.clone(),
            path: grant.path.clone(),
            owner: grant.owner.clone(),
            object: staged.object().to_owned(),
            size,
            content_type: media::choose(&described.content_type, &grant.extension, grant.trusted),
            private: grant.private.unwrap_or(false),
            created: at,
            modified: at,
            headers: described.headers,
            meta: described.meta,
            expects: None,
        };
        // The space may have been deleted while the bytes came, and its files with it.
        if let Err(error) = self.check_space(&grant.space).await {
            self.library.cancel(staged).await;
            return Err(error);
        }
        let committed = self.library.commit(staged, new, grant.private, |old| match &grant.replaces {
            Some(owner) if *owner != old.owner => Err(Error::new(codes::PERMISSION_DENIED, "the file belongs to somebody else now")),
            _ => Ok(()),
        });
        let committed = committed.await?;
        let grown = i64::try_from(size).unwrap_or(i64::MAX) - committed.replaced.map_or(0, |size| i64::try_from(size).unwrap_or(i64::MAX));
        self.usage.stored(&grant.space, grown, i64::from(committed.replaced.is_none())).await?;
        self.usage.note(&grant.space, Traffic { uploads: 1, ..Traffic::default() });
        tracing::debug!(space = grant.space, file = committed.file.id, size, "a file was uploaded");
        Ok(committed.file)
    }
}
