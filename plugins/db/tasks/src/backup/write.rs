//! Writing a collection into a backup.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::operations::NAMESPACE_NOT_FOUND;
use sdk_plugin::{Error, Result};
use serde_json::value::RawValue;

use crate::control::Control;
use crate::database::{Database, lengths};
use crate::objects::{Objects, Sink};

/// The indexes of a collection; none when it is gone.
///
/// # Errors
/// What the database answers.
pub async fn indexes<C: Calls>(database: &Database<C>, collection: &str) -> Result<Option<Vec<Box<RawValue>>>> {
    match database.indexes(collection).await {
        Ok(indexes) => Ok(Some(indexes)),
        Err(error) if error.code() == NAMESPACE_NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the documents of a collection to an object; says how many there are, and their bytes.
///
/// # Errors
/// What the database or the storage answers; then there is no object.
pub async fn collection<C: Calls>(
    database: &Database<C>,
    objects: &Objects<C>,
    collection: &str,
    key: &str,
    control: &Control,
) -> Result<(u64, u64)> {
    objects
        .write(key, move |sink: Sink| async move {
            let (mut documents, mut bytes) = (0, 0);
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            let mut after: Option<String> = None;
            loop {
                control.check()?;
                let page = database.dump(collection, after.as_deref()).await?;
                let count = lengths(&page.documents)?.len() as u64;
                documents += count;
                bytes += page.documents.len() as u64;
                let (back, written) = compress(gzip, page.documents).await?;
                gzip = back;
                sink.send(written).await?;
                control.succeeded(count);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            sink.send(gzip.finish().map_err(Error::internal)?).await?;
            Ok((documents, bytes))
        })
        .await
}

/// Some megabytes are too much work for a thread that others wait for.
async fn compress(mut gzip: GzEncoder<Vec<u8>>, page: Bytes) -> Result<(GzEncoder<Vec<u8>>, Vec<u8>)> {
    let work = tokio::task::spawn_blocking(move || {
        gzip.write_all(&page).map_err(Error::internal)?;
        let written = std::mem::take(gzip.get_mut());
        Ok((gzip, written))
    });
    work.await.map_err(Error::internal)?
}
