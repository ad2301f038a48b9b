//! CSV files: the first line has the names of the fields, each other line is a document. Quoting is
//! RFC 4180's. A dotted name makes documents in documents. Empty lines are skipped; a line with
//! more or fewer cells than there are names is wrong.

use std::io::{BufReader, Read};

use bson::{Bson, Document};
use sdk_plugin::{Error, Result};

use crate::code::in_line;
use crate::pipe::cause;

use super::lines::{BYTE_ORDER_MARK, check_key};
use super::records::{Record, Records};
use super::{cell, nest};

/// Reads a file, and hands on each document with the line that it begins in, counted from 1.
///
/// # Errors
/// `INVALID_FILE_FORMAT` for the first line that is wrong, or what the reader or `add` reports.
pub fn read(reader: impl Read, add: &mut dyn FnMut(u64, Document) -> Result<()>) -> Result<()> {
    let mut mark = Vec::new();
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    reader.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut mark).map_err(|e| cause(e, Error::internal))?;
    if mark == BYTE_ORDER_MARK {
        mark.clear();
    }
    let mut records = Records::new(mark.as_slice().chain(reader));
    let Some(first) = records.next()? else { return Ok(()) };
    let names = header(&first)?;
    while let Some(record) = records.next()? {
        let (line, cells) = (record.line, record.cells());
        if cells.len() != names.len() {
            return Err(in_line(line, format!("it has {} cells, and the first line {} names", cells.len(), names.len())));
        }
        let mut document = Document::new();
        for (name, text) in names.iter().zip(cells) {
            let value = cell::read(text).map_err(|problem| in_line(line, format!("`{name}`: {problem}")))?;
            if let Some(value) = value {
                nest::put(&mut document, name, value).map_err(|problem| in_line(line, problem))?;
            }
        }
        add(line, document)?;
    }
    Ok(())
}

fn header(record: &Record) -> Result<Vec<String>> {
    let wrong = |what: String| in_line(record.line, what);
    let mut all = Document::new();
    for name in record.cells() {
        if name.is_empty() {
            return Err(wrong("a name is empty".to_owned()));
        }
        if name.split('.').any(|part| part.starts_with('$')) {
            return Err(wrong(format!("the key `{name}` begins with `$`")));
        }
        check_key(name).map_err(wrong)?;
        nest::put(&mut all, name, Bson::Null).map_err(wrong)?;
    }
    Ok(record.cells().map(str::to_owned).collect())
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
            (b"a\n\"x\n\n", 2, "not closed"),
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
