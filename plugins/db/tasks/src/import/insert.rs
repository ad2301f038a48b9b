//! Insert mode: what conflicts is left out and counted, the rest goes on.

use sdk_plugin::Result;
use sdk_plugin::contract::Calls;
use sdk_plugin::contract::db::operations::DUPLICATE_KEY_NUMBER;

use crate::code::in_line;
use crate::control::Control;
use crate::database::Database;

use super::batch::{Entry, bytes};

/// Inserts a batch.
///
/// # Errors
/// `INVALID_FILE_FORMAT` for a document that the database does not take for another reason than a
/// conflict, or what the database answers.
pub async fn batch<C: Calls>(database: &Database<C>, collection: &str, batch: &[Entry], control: &Control) -> Result<()> {
    let (inserted, loaded) = database.load(collection, bytes(batch), false).await?;
    control.succeeded(inserted);
    control.failed(loaded.write_errors.len() as u64);
    match loaded.write_errors.iter().find(|error| error.code != DUPLICATE_KEY_NUMBER) {
        None => Ok(()),
        Some(error) => {
            let entry = usize::try_from(error.index).ok().and_then(|index| batch.get(index));
            Err(in_line(entry.map_or(0, |entry| entry.line), &error.errmsg))
        }
    }
}
