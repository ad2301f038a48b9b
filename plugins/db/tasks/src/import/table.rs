//! CSV files: the first line has the names of the fields, each other line is a document. Quoting is
//! RFC 4180's. A dotted name makes documents in documents. Empty lines are skipped; a line with
//! more or fewer cells than there are names is wrong.

use std::io::BufRead;

use bson::{Bson, Document};
use sdk_plugin::Result;

use crate::code::in_line;

use super::lines::check_key;
use super::records::{Record, Records};
use super::{cell, nest};

/// The documents of a file with a header.
pub struct Table<R> {
    records: Records<R>,
    /// The names of the first line, once it is read.
    names: Option<Vec<String>>,
}

impl<R: BufRead> Table<R> {
    /// The documents of a text.
    pub fn new(input: R) -> Self {
        Self { records: Records::new(input), names: None }
    }

    /// # Errors
    /// `INVALID_FILE_FORMAT`, or what the reader reports.
    fn read(&mut self) -> Result<Option<(u64, Document)>> {
        let names = match &self.names {
            Some(names) => names,
            None => match self.records.next()? {
                Some(first) => self.names.insert(header(&first)?),
                None => return Ok(None),
            },
        };
        let Some(record) = self.records.next()? else { return Ok(None) };
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
        Ok(Some((line, document)))
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = Result<(u64, Document)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
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

    use super::super::file::tests::{all, refused};
    use crate::record::FileType;

    #[test]
    fn a_line_is_a_document() {
        let file = "\u{feff}name,address.city,address.zip,n\r\n小明,\"A, \"\"B\"\"\",007,5\r\n\r\n\"two\nlines\",,,\r\n,x,,true\n";
        assert_eq!(
            all(FileType::Csv, file.as_bytes()).unwrap(),
            [
                (2, doc! {"name": "小明", "address": {"city": "A, \"B\"", "zip": "007"}, "n": 5}),
                (4, doc! {"name": "two\nlines"}),
                (6, doc! {"address": {"city": "x"}, "n": true}),
            ]
        );
        assert!(all(FileType::Csv, b"").unwrap().is_empty());
        assert!(all(FileType::Csv, b"a,b\n").unwrap().is_empty());
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
            refused(FileType::Csv, file, line, says);
        }
    }
}
