//! Columns of Parquet files: whole ones are written and read, as segments fit in memory.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::{Error, Result};

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        Self::Segment(error.to_string())
    }
}

/// Writes a file of one group of rows.
///
/// Columns of `packed` hold numbers whose neighbours are alike, or that are spread evenly: their
/// differences are packed in bits. Those of `plain` hold what is there once. Others are written by a
/// dictionary.
pub fn write(schema: &str, packed: &[&str], plain: &[&str], fill: impl FnOnce(&mut Rows<'_>) -> Result<()>) -> Result<Bytes> {
    let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(None);
    for column in packed {
        let path = ColumnPath::from(*column);
        properties = properties.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    for column in plain {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    let schema = Arc::new(parse_message_type(schema)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    {
        let mut rows = Rows(file.next_row_group()?);
        fill(&mut rows)?;
        rows.0.close()?;
    }
    Ok(file.into_inner()?.into())
}

/// The columns of the file that is written, in the order of the schema.
pub struct Rows<'a>(SerializedRowGroupWriter<'a, Vec<u8>>);

impl Rows<'_> {
    /// Writes the next column.
    pub fn column<T: DataType>(&mut self, values: &[T::T]) -> Result<()> {
        let missing = || Error::Segment("the schema has fewer columns".into());
        let mut column = self.0.next_column()?.ok_or_else(missing)?;
        column.typed::<T>().write_batch(values, None, None)?;
        Ok(column.close()?)
    }

    pub fn i32(&mut self, values: impl Iterator<Item = i32>) -> Result<()> {
        self.column::<Int32Type>(&values.collect::<Vec<_>>())
    }

    pub fn i64(&mut self, values: impl Iterator<Item = i64>) -> Result<()> {
        self.column::<Int64Type>(&values.collect::<Vec<_>>())
    }

    pub fn texts<'t>(&mut self, values: impl Iterator<Item = &'t str>) -> Result<()> {
        let values: Vec<ByteArray> = values.map(ByteArray::from).collect();
        self.column::<parquet::data_type::ByteArrayType>(&values)
    }

    pub fn keys(&mut self, values: impl Iterator<Item = u128>) -> Result<()> {
        let values: Vec<FixedLenByteArray> = values.map(|key| ByteArray::from(key.to_be_bytes().to_vec()).into()).collect();
        self.column::<parquet::data_type::FixedLenByteArrayType>(&values)
    }
}

/// A file that is read.
pub struct File(SerializedFileReader<Bytes>);

impl File {
    pub fn open(bytes: Bytes) -> Result<Self> {
        Ok(Self(SerializedFileReader::new(bytes)?))
    }

    /// All values of a column.
    pub fn column<T: DataType>(&self, at: usize) -> Result<Vec<T::T>> {
        let mut values = Vec::with_capacity(usize::try_from(self.0.metadata().file_metadata().num_rows()).unwrap_or(0));
        for group in 0..self.0.num_row_groups() {
            let group = self.0.get_row_group(group)?;
            let descriptor = group.metadata().schema_descr().columns().get(at);
            // The reader of another type would panic.
            if descriptor.is_none_or(|column| column.physical_type() != T::get_physical_type()) {
                return Err(Error::Segment(format!("column {at} has another type")));
            }
            let mut reader = get_typed_column_reader::<T>(group.get_column_reader(at)?);
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            let mut read = 0;
            while read < rows {
                let (more, _, _) = reader.read_records(rows - read, None, None, &mut values)?;
                if more == 0 {
                    return Err(Error::Segment(format!("column {at} ends early")));
                }
                read += more;
            }
        }
        Ok(values)
    }

    pub fn i32(&self, at: usize) -> Result<Vec<i32>> {
        self.column::<Int32Type>(at)
    }

    pub fn i64(&self, at: usize) -> Result<Vec<i64>> {
        self.column::<Int64Type>(at)
    }
}
