//! Devices: new ones, and those that were found to have come earlier.

use std::collections::BTreeMap;

use bytes::Bytes;
use parquet::data_type::FixedLenByteArrayType;
use roaring::RoaringBitmap;

use super::columns::{File, write};
use crate::ledger::DeviceRow;
use crate::{ChannelId, DeviceKey, Error, Ledger, Result};

const SCHEMA: &str = "message devices {
    required int32 id (integer(32, false));
    required fixed_len_byte_array(16) key;
    required int64 first (timestamp(millis, true));
    required int32 channel (integer(32, false));
}";

/// Writes some devices of a ledger as they are now.
///
/// # Errors
/// [`Error::Segment`], which only a failure of the encoder makes.
pub fn write_devices(ledger: &Ledger, ids: &RoaringBitmap) -> Result<Bytes> {
    let row = |id| {
        let device = ledger.devices().get(id)?;
        Some(DeviceRow { id, key: ledger.key(id)?, first: device.first, channel: device.channel })
    };
    write_rows(ids.iter().filter_map(row))
}

/// Makes one segment of several that were written one after another: what later ones say counts.
///
/// # Errors
/// [`Error::Segment`] when these are not such bytes.
pub fn merge_devices(segments: impl IntoIterator<Item = Bytes>) -> Result<Bytes> {
    let mut devices = BTreeMap::new();
    for segment in segments {
        devices.extend(rows(segment)?.into_iter().map(|row| (row.id, row)));
    }
    write_rows(devices.values().copied())
}

fn write_rows(devices: impl Iterator<Item = DeviceRow> + Clone) -> Result<Bytes> {
    write(SCHEMA, &["id", "first"], &["key"], |rows| {
        rows.i32(devices.clone().map(|row| row.id.cast_signed()))?;
        rows.keys(devices.clone().map(|row| row.key.0))?;
        rows.i64(devices.clone().map(|row| row.first))?;
        rows.i32(devices.map(|row| row.channel.0.cast_signed()))
    })
}

fn rows(bytes: Bytes) -> Result<Vec<DeviceRow>> {
    let file = File::open(bytes)?;
    let keys = file.column::<FixedLenByteArrayType>(1)?;
    let (ids, firsts, channels) = (file.i32(0)?, file.i64(2)?, file.i32(3)?);
    let columns = ids.into_iter().zip(keys).zip(firsts).zip(channels);
    columns
        .map(|(((id, key), first), channel)| {
            let key = <[u8; 16]>::try_from(key.data()).map_err(|_| Error::Segment("a key has another length".into()))?;
            Ok(DeviceRow {
                id: id.cast_unsigned(),
                key: DeviceKey(u128::from_be_bytes(key)),
                first,
                channel: ChannelId(channel.cast_unsigned()),
            })
        })
        .collect()
}

impl Ledger {
    /// Takes the devices of a segment over. Segments are given in the order in which they were
    /// written; a later one corrects earlier ones.
    ///
    /// # Errors
    /// [`Error::Segment`] when these are not such bytes, or an earlier segment is missing.
    pub fn load_devices(&mut self, bytes: Bytes) -> Result<()> {
        let wrong = |id| Error::Segment(format!("device {id} does not follow those before it"));
        self.load_rows(&rows(bytes)?).map_err(wrong)
    }
}
