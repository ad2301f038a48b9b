//! The events: a year of calm traffic, as Parquet or from memory.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use analytics_traffic::{Options, Traffic};
use chrono::NaiveDate;
use parquet::basic::Compression;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::Result;

/// How many events are taken in between two times of saving.
const CHUNK: usize = 1_000_000;

const SCHEMA: &str = "message events {
    required binary device (string);
    required int64 start (timestamp(millis, true));
    required int32 duration (integer(32, false));
    required binary channel (string);
}";

/// Some events, in order of arrival.
#[derive(Default)]
pub struct Chunk {
    pub devices: Vec<ByteArray>,
    pub starts: Vec<i64>,
    pub durations: Vec<i32>,
    pub channels: Vec<ByteArray>,
}

/// As many events, made in memory.
pub fn made(events: u64) -> impl Iterator<Item = Result<Chunk>> {
    let first_day = NaiveDate::from_ymd_opt(2025, 9, 1).unwrap_or_default();
    let traffic = Traffic::new(Options { seed: 7, first_day, days: 365, growth: 1.002, calm: Some(events), ..Options::default() });
    let names: Vec<ByteArray> = traffic.channel_names().iter().map(|name| ByteArray::from(name.as_str())).collect();
    let mut events = traffic.events();
    std::iter::from_fn(move || {
        let mut chunk = Chunk::default();
        for event in events.by_ref().take(CHUNK) {
            chunk.devices.push(ByteArray::from(traffic.device_text(event.device).as_str()));
            chunk.starts.push(event.start);
            chunk.durations.push(event.duration.cast_signed());
            chunk.channels.push(names.get(usize::from(event.channel)).cloned().unwrap_or_default());
        }
        (!chunk.starts.is_empty()).then_some(Ok(chunk))
    })
}

/// Writes as many events; how many there were.
pub fn write(events: u64, path: &Path) -> Result<usize> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties))?;
    let mut written = 0;
    for chunk in made(events) {
        let chunk = chunk?;
        let mut rows = file.next_row_group()?;
        write_column::<ByteArrayType>(&mut rows, &chunk.devices)?;
        write_column::<Int64Type>(&mut rows, &chunk.starts)?;
        write_column::<Int32Type>(&mut rows, &chunk.durations)?;
        write_column::<ByteArrayType>(&mut rows, &chunk.channels)?;
        rows.close()?;
        written += chunk.starts.len();
    }
    file.close()?;
    Ok(written)
}

fn write_column<T: DataType>(rows: &mut SerializedRowGroupWriter<'_, File>, values: &[T::T]) -> Result {
    let mut column = rows.next_column()?.ok_or("the schema has fewer columns")?;
    column.typed::<T>().write_batch(values, None, None)?;
    Ok(column.close()?)
}

/// Reads the events of a file.
pub fn read(path: &Path) -> Result<impl Iterator<Item = Result<Chunk>>> {
    let file = SerializedFileReader::new(File::open(path)?)?;
    let chunk = move |group: usize| -> Result<Chunk> {
        let rows = file.get_row_group(group)?;
        Ok(Chunk {
            devices: read_column::<ByteArrayType>(&*rows, 0)?,
            starts: read_column::<Int64Type>(&*rows, 1)?,
            durations: read_column::<Int32Type>(&*rows, 2)?,
            channels: read_column::<ByteArrayType>(&*rows, 3)?,
        })
    };
    let groups = SerializedFileReader::new(File::open(path)?)?.num_row_groups();
    Ok((0..groups).map(chunk))
}

fn read_column<T: DataType>(rows: &dyn RowGroupReader, at: usize) -> Result<Vec<T::T>> {
    let count = usize::try_from(rows.metadata().num_rows())?;
    let mut values = Vec::with_capacity(count);
    let mut column = get_typed_column_reader::<T>(rows.get_column_reader(at)?);
    while values.len() < count {
        let (read, _, _) = column.read_records(count - values.len(), None, None, &mut values)?;
        if read == 0 {
            return Err("a column ends early".into());
        }
    }
    Ok(values)
}
