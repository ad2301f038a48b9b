//! CSV files: the first line has the names of the fields, each other line is a document. Quoting is
//! RFC 4180's. A dotted name makes documents in documents. Empty lines are skipped; a line with
//! more or fewer cells than there are names is wrong.

use std::io::{BufRead, BufReader, Read};

use bson::Document;
use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use sdk_plugin::{Error, Result};

use crate::code::in_line;
use crate::pipe::cause;

use super::lines::{BYTE_ORDER_MARK, check_key};
use super::{cell, nest};

/// Reads a file, and hands on each document with the line that it begins in, counted from 1.
///
/// # Errors
/// `INVALID_FILE_FORMAT` for the first line that is wrong, or what the reader or `add` reports.
pub fn read(reader: impl Read, add: &mut dyn FnMut(u64, Document) -> Result<()>) -> Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    skip_mark(&mut reader)?;
    let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::None).from_reader(reader);
    let mut record = StringRecord::new();
    if !next(&mut csv, &mut record)? {
        return Ok(());
    }
    let names = header(&record)?;
    while next(&mut csv, &mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != names.len() {
            return Err(in_line(line, format!("it has {} cells, and the first line {} names", record.len(), names.len())));
        }
        let mut document = Document::new();
        for (name, text) in names.iter().zip(&record) {
            let value = cell::read(text).map_err(|problem| in_line(line, format!("`{name}`: {problem}")))?;
            if let Some(value) = value {
                nest::put(&mut document, name, value).map_err(|problem| in_line(line, problem))?;
            }
        }
        add(line, document)?;
    }
    Ok(())
}

fn skip_mark(reader: &mut BufReader<impl Read>) -> Result<()> {
    // The buffer is large enough for the mark, but a read may bring less.
    let start = reader.fill_buf().map_err(|e| cause(e, Error::internal))?;
    if start.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}

fn next(csv: &mut csv::Reader<impl Read>, record: &mut StringRecord) -> Result<bool> {
    csv.read_record(record).map_err(|error| {
        let line = error.position().map_or(0, csv::Position::line);
        match error.into_kind() {
            ErrorKind::Io(error) => cause(error, Error::internal),
            ErrorKind::Utf8 { .. } => in_line(line, "it is not UTF-8"),
            _ => in_line(line, "it is not CSV"),
        }
    })
}

fn header(record: &StringRecord) -> Result<Vec<String>> {
    let mut all = Document::new();
    for name in record {
        if name.is_empty() {
            return Err(in_line(1, "a name is empty"));
        }
        if name.split('.').any(|part| part.starts_with('$')) {
            return Err(in_line(1, format!("the key `{name}` begins with `$`")));
        }
        check_key(name).map_err(|problem| in_line(1, problem))?;
        nest::put(&mut all, name, bson::Bson::Null).map_err(|problem| in_line(1, problem))?;
    }
    Ok(record.iter().map(str::to_owned).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;
    use crate::code::INVALID_FILE_FORMAT;

    fn documents(file: &[u8]) -> Result<Vec<(u64, Document)>> {
        let mut found = Vec::new();
        read(file, &mut |line, document| {
            found.push((line, document));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_line_is_a_document() {
        let file = "\u{feff}name,address.city,address.zip,n\r\n小明,\"A, \"\"B\"\"\",007,5\r\n\r\n\"two\nlines\",,,\r\n,x,,true\n";
        assert_eq!(
            documents(file.as_bytes()).unwrap(),
            [
                (2, doc! {"name": "小明", "address": {"city": "A, \"B\"", "zip": "007"}, "n": 5}),
                (4, doc! {"name": "two\nlines"}),
                (6, doc! {"address": {"city": "x"}, "n": true}),
            ]
        );
        assert!(documents(b"").unwrap().is_empty());
        assert!(documents(b"a,b\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (file, line, says) in [
            (&b"a,b\n1\n"[..], 2, "1 cells"),
            (b"a,b\n1,2\n1,2,3\n", 3, "3 cells"),
            (b"a,a\n", 1, "`a` is there twice"),
            (b"a,a.b\n", 1, "`a.b` is there twice"),
            (b"a,,b\n", 1, "empty"),
            (b"a..b\n", 1, "`a..b`"),
            (b"$a\n", 1, "`$a`"),
            (b"a\n\"{\"\"b\"\":1,\"\"b\"\":2}\"\n", 2, "twice"),
            (b"a\nx\n\xff\n", 3, "UTF-8"),
        ] {
            let error = documents(file).unwrap_err();
            assert_eq!(error.code(), INVALID_FILE_FORMAT, "{}", String::from_utf8_lossy(file));
            assert!(
                error.message().starts_with(&format!("line {line}: ")) && error.message().contains(says),
                "{}: {}",
                String::from_utf8_lossy(file),
                error.message()
            );
        }
    }
}
