//! Exports to CSV: a line of names, then one line a document, quoted as RFC 4180 says.
//!
//! | value | cell |
//! | --- | --- |
//! | absent, null, undefined | empty |
//! | text | as it is |
//! | number | `5`, `0.5`, `5.0` |
//! | boolean | `true`, `false` |
//! | ObjectId | 24 hexadecimal digits |
//! | date | `2020-01-01T00:00:00.000Z` |
//! | all else | JSON as [`extended`](crate::extended) writes it |
//!
//! A dotted name reaches into documents, and with a number into arrays: `items.0.price`.

use bson::{Bson, Document};
use mql::iso;
use sdk_plugin::{Error, Result};

use crate::extended;

/// Documents as lines of CSV.
pub struct Lines {
    fields: Vec<String>,
}

impl Lines {
    /// Lines with these fields.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(fields: &[String]) -> Result<Self> {
        if fields.is_empty() {
            return Err(Error::internal("an export to CSV without fields"));
        }
        Ok(Self { fields: fields.to_vec() })
    }

    /// The line of names.
    ///
    /// # Errors
    /// Never, for memory.
    pub fn header(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        record(self.fields.iter().map(String::as_bytes), &mut out)?;
        Ok(out)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// Never, for memory.
    pub fn write(&self, document: &Document, out: &mut Vec<u8>) -> Result<()> {
        record(self.fields.iter().map(|field| cell(reach(document, field))), out)
    }
}

fn record<T: AsRef<[u8]>>(cells: impl Iterator<Item = T>, out: &mut Vec<u8>) -> Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(cells).map_err(Error::internal)?;
    writer.flush().map_err(Error::internal)
}

/// The value that a dotted name leads to.
fn reach<'a>(document: &'a Document, path: &str) -> Option<&'a Bson> {
    let mut parts = path.split('.');
    let mut value = document.get(parts.next()?)?;
    for part in parts {
        value = match value {
            Bson::Document(inner) => inner.get(part)?,
            Bson::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn cell(value: Option<&Bson>) -> Vec<u8> {
    match value {
        None | Some(Bson::Null | Bson::Undefined) => Vec::new(),
        Some(Bson::String(text) | Bson::Symbol(text)) => text.clone().into_bytes(),
        Some(Bson::Int32(n)) => n.to_string().into_bytes(),
        Some(Bson::Int64(n)) => n.to_string().into_bytes(),
        Some(Bson::Double(n)) => extended::double(*n).into_bytes(),
        Some(Bson::Decimal128(n)) => n.to_string().into_bytes(),
        Some(Bson::Boolean(b)) => b.to_string().into_bytes(),
        Some(Bson::ObjectId(id)) => id.to_hex().into_bytes(),
        Some(Bson::DateTime(date)) => iso::format(date.timestamp_millis()).into_bytes(),
        Some(other) => {
            let mut out = Vec::new();
            extended::value(other, &mut out);
            out
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;
    use bson::oid::ObjectId;

    use super::*;

    fn lines(fields: &[&str], documents: &[Document]) -> String {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        let lines = Lines::new(&fields).unwrap();
        let mut out = lines.header().unwrap();
        for document in documents {
            lines.write(document, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let doc = doc! {"a": "x,\"y\"", "b": "two\nlines", "c": "plain", "d": ""};
        assert_eq!(lines(&["a", "b", "c", "d", "e"], &[doc]), "a,b,c,d,e\r\n\"x,\"\"y\"\"\",\"two\nlines\",plain,,\r\n");
        assert_eq!(lines(&["one"], &[doc! {}]), "one\r\n\"\"\r\n", "an empty line would be none");
    }

    #[test]
    fn every_type_has_a_text() {
        let doc = doc! {
            "_id": ObjectId::parse_str("0123456789abcdef01234567").unwrap(), "int": 5, "double": 5.0, "yes": true, "none": Bson::Null,
            "date": bson::DateTime::from_millis(0), "list": [{"price": 1.5}, "x"], "doc": {"n": 1_i64},
        };
        assert_eq!(
            lines(&["_id", "int", "double", "yes", "none", "date", "list", "doc", "doc.n", "list.0.price", "list.9", "int.x"], &[doc]),
            "_id,int,double,yes,none,date,list,doc,doc.n,list.0.price,list.9,int.x\r\n\
             0123456789abcdef01234567,5,5.0,true,,1970-01-01T00:00:00.000Z,\"[{\"\"price\"\":1.5},\"\"x\"\"]\",\
             \"{\"\"n\"\":{\"\"$numberLong\"\":\"\"1\"\"}}\",1,1.5,,\r\n"
        );
    }
}
