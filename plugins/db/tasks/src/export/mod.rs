//! Exports: a collection as a file of JSON lines or CSV (manual 3.10.4).
//!
//! JSON has all fields, or `_id` and those that are named, as [`extended`](crate::extended) JSON
//! that an import reads back. CSV has the named fields and nothing else; see [`csv`].

pub mod csv;
pub mod fields;
mod json;

use bytes::Bytes;
use sdk_plugin::contract::Calls;
use sdk_plugin::{Error, Result};

use crate::control::Control;
use crate::database::{Database, lengths};
use crate::objects::{Objects, Sink};
use crate::record::FileType;

/// Turns pages of documents into lines.
enum Lines {
    Json(json::Lines),
    Csv(csv::Lines),
}

impl Lines {
    fn new(file_type: FileType, fields: &[String]) -> Result<Self> {
        Ok(match file_type {
            FileType::Json => Self::Json(json::Lines::new(fields)?),
            FileType::Csv => Self::Csv(csv::Lines::new(fields)?),
        })
    }

    fn header(&mut self) -> Result<Vec<u8>> {
        match self {
            Self::Json(_) => Ok(Vec::new()),
            Self::Csv(lines) => lines.header(),
        }
    }

    /// The lines of a page, and how many there are.
    fn page(&mut self, documents: &[u8]) -> Result<(Vec<u8>, u64)> {
        let (mut rest, mut count) = (documents, 0);
        let mut out = Vec::with_capacity(documents.len());
        for length in lengths(documents)? {
            let (one, others) = rest.split_at_checked(length).ok_or_else(|| Error::internal("a document that ends too late"))?;
            rest = others;
            let document = bson::Document::from_reader(one).map_err(Error::internal)?;
            match self {
                Self::Json(lines) => lines.write(document, &mut out),
                Self::Csv(lines) => lines.write(&document, &mut out)?,
            }
            count += 1;
        }
        Ok((out, count))
    }
}

/// Writes a collection to an object, page by page.
///
/// # Errors
/// What the database or the storage answers; then there is no object.
pub async fn run<C: Calls>(
    database: &Database<C>,
    objects: &Objects<C>,
    collection: &str,
    file_type: FileType,
    fields: &[String],
    key: &str,
    control: &Control,
) -> Result<()> {
    control.whole(database.count(collection).await?);
    let mut lines = Lines::new(file_type, fields)?;
    objects
        .write(key, move |sink: Sink| async move {
            sink.send(lines.header()?).await?;
            let mut after: Option<String> = None;
            loop {
                control.check()?;
                let page = database.dump(collection, after.as_deref()).await?;
                let (back, written, count) = on_a_thread(lines, page.documents).await?;
                lines = back;
                sink.send(written).await?;
                control.succeeded(count);
                control.done(count);
                after = page.next;
                if after.is_none() {
                    return Ok(());
                }
            }
        })
        .await
}

/// Some megabytes are too much work for a thread that others wait for.
async fn on_a_thread(mut lines: Lines, documents: Bytes) -> Result<(Lines, Vec<u8>, u64)> {
    let work = tokio::task::spawn_blocking(move || {
        let (written, count) = lines.page(&documents)?;
        Ok((lines, written, count))
    });
    work.await.map_err(Error::internal)?
}
