//! Imports: a file of JSON lines or CSV into a collection (manual 3.10.4).
//!
//! A file is UTF-8, with or without a byte-order mark, and at most 50 MB. [`lines`] says what JSON
//! may be, [`table`] and [`cell`] what CSV becomes. A document without `_id` gets one. A text of 24
//! hexadecimal digits as `_id` is an ObjectId and one of exactly the form
//! `2020-01-01T00:00:00.000Z` is a date, as in every command of the SDK.
//!
//! A file that is wrong in a line ends the import there; what came before stays.

mod batch;
pub mod cell;
mod insert;
pub mod lines;
mod nest;
mod records;
pub mod table;
mod upsert;

use sdk_plugin::contract::Calls;
use sdk_plugin::{Body, Result};

use crate::control::Control;
use crate::database::Database;
use crate::pipe::pipe;
use crate::record::{FileType, Mode};

/// Where an import writes to, and how.
pub struct Import<'a, C> {
    /// The space's database.
    pub database: &'a Database<C>,
    /// The collection.
    pub collection: &'a str,
    /// The form of the file.
    pub file_type: FileType,
    /// What to do with documents that are there already.
    pub mode: Mode,
}

impl<C: Calls> Import<'_, C> {
    /// Reads a file into the collection.
    ///
    /// # Errors
    /// `INVALID_FILE_FORMAT` with the line, `DUPLICATE_KEY_ERROR` in upsert mode, or what the
    /// database or the storage answers.
    pub async fn run(&self, file: Body, control: &Control) -> Result<()> {
        control.whole(file.length().unwrap_or(0));
        let (writer, reader) = pipe();
        let (mut batches, parser) = batch::parse(self.file_type, reader);
        let work = async move {
            while let Some(batch) = batches.recv().await {
                control.check()?;
                match self.mode {
                    Mode::Insert => insert::batch(self.database, self.collection, &batch, control).await?,
                    Mode::Upsert => upsert::batch(self.database, self.collection, &batch, control).await?,
                }
            }
            // The lines before a wrong one have been stored by now.
            parser.await.map_err(sdk_plugin::Error::internal)?
        };
        // When the work fails, the channels close, and whoever fills or parses ends.
        let ((), done) = tokio::join!(writer.fill(file, |bytes| control.done(bytes)), work);
        done
    }
}

#[cfg(test)]
mod tests;
