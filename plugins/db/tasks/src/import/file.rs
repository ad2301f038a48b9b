//! What files of both forms have in common: UTF-8 with or without a byte-order mark, in which
//! every document has a line that it begins in.

use std::io::{BufRead, BufReader, Cursor, Read};

use bson::Document;
use sdk_plugin::{Error, Result};

use super::lines::Lines;
use super::table::Table;
use crate::code::in_line;
use crate::pipe::cause;
use crate::record::FileType;

/// How long the text of a document may be, in bytes: more than that of a largest document.
pub const MAX_TEXT: usize = 48 << 20;
/// What some programs put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The documents of a file with the lines that they begin in, counted from 1. Whoever reads stops
/// at an error: `INVALID_FILE_FORMAT` for the first line that is wrong, or what the reader reports.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<(u64, Document)>> + 'a>;

/// Reads a file.
///
/// # Errors
/// What the reader reports.
pub fn documents<'a>(file_type: FileType, reader: impl Read + 'a) -> Result<Documents<'a>> {
    let text = without_mark(reader)?;
    Ok(match file_type {
        FileType::Json => Box::new(Lines::new(text)),
        FileType::Csv => Box::new(Table::new(text)),
    })
}

fn without_mark(reader: impl Read) -> Result<impl BufRead> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut mark = Vec::new();
    reader.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut mark).map_err(|e| cause(e, Error::internal))?;
    if mark == BYTE_ORDER_MARK {
        mark.clear();
    }
    Ok(Cursor::new(mark).chain(reader))
}

/// The text of a line or record.
///
/// # Errors
/// `INVALID_FILE_FORMAT` when it is not UTF-8.
pub fn utf8(line: u64, bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| in_line(line, "it is not UTF-8"))
}

/// That the text of a document is longer than [`MAX_TEXT`].
pub fn too_long(line: u64) -> Error {
    in_line(line, "it is too long for a document")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub mod tests {
    use super::*;
    use crate::code::INVALID_FILE_FORMAT;

    /// All documents of a file.
    pub fn all(file_type: FileType, file: &[u8]) -> Result<Vec<(u64, Document)>> {
        documents(file_type, file)?.collect()
    }

    /// Checks that a file is refused, in which line, and what the error says.
    #[track_caller]
    pub fn refused(file_type: FileType, file: &[u8], line: u64, says: &str) {
        let (error, shown) = (all(file_type, file).unwrap_err(), String::from_utf8_lossy(file));
        assert_eq!(error.code(), INVALID_FILE_FORMAT, "{shown}");
        let message = error.message();
        assert!(message.starts_with(&format!("line {line}: ")) && message.contains(says), "{shown}: {message}");
    }

    #[test]
    fn a_mark_that_is_cut_off_is_no_text() {
        for file_type in [FileType::Json, FileType::Csv] {
            assert!(all(file_type, b"\xef\xbb\xbf").unwrap().is_empty());
            refused(file_type, b"\xef\xbb", 1, "not UTF-8");
        }
    }
}
