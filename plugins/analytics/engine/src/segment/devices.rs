//! Devices: new ones, and those that were found to have come earlier.

use bytes::Bytes;
use parquet::data_type::FixedLenByteArrayType;
use roaring::RoaringBitmap;

use super::columns::{File, write};
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
    write(SCHEMA, &["id", "first"], |rows| {
        let devices = ledger.devices();
        rows.i32(ids.iter().map(u32::cast_signed))?;
        rows.keys(ids.iter().map(|id| ledger.key(id).map_or(0, |key| key.0)))?;
        rows.i64(ids.iter().map(|id| devices.first(id)))?;
        rows.i32(ids.iter().map(|id| devices.channel(id).0.cast_signed()))
    })
}

/// Reads which devices a segment has.
///
/// # Errors
/// [`Error::Segment`] when these are not such bytes.
pub fn read_device_ids(bytes: Bytes) -> Result<RoaringBitmap> {
    Ok(File::open(bytes)?.i32(0)?.into_iter().map(i32::cast_unsigned).collect())
}

impl Ledger {
    /// Takes the devices of a segment over. Segments are given in the order in which they were
    /// written; a later one corrects earlier ones.
    ///
    /// # Errors
    /// [`Error::Segment`] when these are not such bytes, or an earlier segment is missing.
    pub fn load_devices(&mut self, bytes: Bytes) -> Result<()> {
        let file = File::open(bytes)?;
        let keys = file.column::<FixedLenByteArrayType>(1)?;
        let (ids, firsts, channels) = (file.i32(0)?, file.i64(2)?, file.i32(3)?);
        for (((id, key), first), channel) in ids.into_iter().zip(keys).zip(firsts).zip(channels) {
            let key = <[u8; 16]>::try_from(key.data()).map_err(|_| Error::Segment("a key has another length".into()))?;
            let key = DeviceKey(u128::from_be_bytes(key));
            if !self.load_device(id.cast_unsigned(), key, first, ChannelId(channel.cast_unsigned())) {
                return Err(Error::Segment(format!("device {id} does not follow those before it")));
            }
        }
        Ok(())
    }
}
