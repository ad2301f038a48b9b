//! The records of a CSV file, with the lines that they begin in.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use sdk_plugin::{Error, Result};

use crate::code::in_line;
use crate::pipe::cause;

/// How large a record may be, in bytes: more than the text of a largest document has.
const MAX_RECORD: usize = 48 << 20;
/// How many cells a record may have.
const MAX_CELLS: usize = 100_000;

/// Reads records. Empty lines are none.
pub struct Records<R> {
    core: Reader,
    input: R,
    /// The line that is being read, from 1.
    line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A record.
pub struct Record<'a> {
    /// The line that it begins in.
    pub line: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// The cells.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let (text, mut begins) = (self.text, 0);
        // The ends lie behind commas and quotes, so that no character is cut.
        self.ends.iter().map(move |end| text.get(std::mem::replace(&mut begins, *end)..*end).unwrap_or_default())
    }
}

impl<R: BufRead> Records<R> {
    /// The records of a text.
    pub fn new(input: R) -> Self {
        Self { core: ReaderBuilder::new().build(), input, line: 1, text: vec![0; 4096], ends: vec![0; 64] }
    }

    /// The next record.
    ///
    /// # Errors
    /// `INVALID_FILE_FORMAT`, or what the reader reports.
    pub fn next(&mut self) -> Result<Option<Record<'_>>> {
        let (mut size, mut cells, mut quotes) = (0, 0, 0_u64);
        let mut begins = None;
        loop {
            let input = self.input.fill_buf().map_err(|e| cause(e, Error::internal))?;
            let at_end = input.is_empty();
            let (text, ends) = (self.text.get_mut(size..).unwrap_or_default(), self.ends.get_mut(cells..).unwrap_or_default());
            let (result, read, written, ended) = self.core.read_record(input, text, ends);
            for byte in input.iter().take(read) {
                match byte {
                    b'\n' => self.line += 1,
                    b'\r' => {}
                    _ => {
                        begins.get_or_insert(self.line);
                        quotes += u64::from(*byte == b'"');
                    }
                }
            }
            self.input.consume(read);
            (size, cells) = (size + written, cells + ended);
            let line = begins.unwrap_or(self.line);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if size < MAX_RECORD => self.text.resize(size * 2 + 4096, 0),
                ReadRecordResult::OutputEndsFull if cells < MAX_CELLS => self.ends.resize(cells * 2 + 64, 0),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(in_line(line, "it is too long for a document"));
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record if at_end && quotes % 2 == 1 => return Err(in_line(line, "a quotation mark is not closed")),
                ReadRecordResult::Record => {
                    let text = std::str::from_utf8(self.text.get(..size).unwrap_or_default());
                    let text = text.map_err(|_| in_line(line, "it is not UTF-8"))?;
                    return Ok(Some(Record { line, text, ends: self.ends.get(..cells).unwrap_or_default() }));
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn records(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut all = Vec::new();
        // Three bytes at a time, so that everything is cut somewhere.
        let mut records = Records::new(BufReader::with_capacity(3, text.as_bytes()));
        while let Some(record) = records.next().unwrap() {
            all.push((record.line, record.cells().map(str::to_owned).collect()));
        }
        all
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let cells = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let expected = |line| vec![(1, cells(&["a", "b"])), (line, cells(&["小", "x\n\"y\""])), (line + 2, cells(&["", ""]))];
        assert_eq!(records("a,b\n小,\"x\n\"\"y\"\"\"\n,\n"), expected(2));
        assert_eq!(records("a,b\r\n小,\"x\n\"\"y\"\"\"\r\n,"), expected(2));
        assert_eq!(records("a,b\r\n\r\n\n小,\"x\n\"\"y\"\"\"\r\n,\r\n\r\n"), expected(4));
        assert!(records("").is_empty() && records("\n\r\n").is_empty());
    }

    #[test]
    fn long_records_grow_and_open_quotes_are_wrong() {
        let long = "x".repeat(100_000);
        let many = vec!["y"; 1000].join(",");
        let all = records(&format!("{long}\n{many}\n"));
        assert_eq!((all[0].1[0].len(), all[1].1.len()), (100_000, 1000));
        let mut open = Records::new(&b"a\n\"b\nc\n"[..]);
        open.next().unwrap();
        assert!(open.next().err().unwrap().message().starts_with("line 2: a quotation mark"));
    }
}
