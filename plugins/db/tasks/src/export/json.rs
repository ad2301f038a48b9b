//! Exports to JSON: one object a line.

use bson::{Bson, Document};
use mql::Projection;
use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

use crate::extended;

/// Documents as lines of JSON.
pub struct Lines(Option<Projection>);

impl Lines {
    /// Lines with all fields, or with `_id` and some.
    ///
    /// # Errors
    /// `InvalidParameter` for fields that collide.
    pub fn new(fields: &[String]) -> Result<Self> {
        projection(fields).map(Self)
    }

    /// Adds a line.
    pub fn write(&self, document: Document, out: &mut Vec<u8>) {
        let document = match &self.0 {
            Some(projection) => projection.apply(document),
            None => document,
        };
        extended::document(&document, out);
        out.push(b'\n');
    }
}

/// The projection to some fields, which keeps `_id`; none where all are wanted.
///
/// # Errors
/// `InvalidParameter` for fields that collide.
pub fn projection(fields: &[String]) -> Result<Option<Projection>> {
    if fields.is_empty() {
        return Ok(None);
    }
    let wanted: Document = fields.iter().map(|field| (field.clone(), Bson::Int32(1))).collect();
    Projection::parse(&wanted).map(Some).map_err(|e| Error::new(INVALID_PARAMETER, format!("Fields: {e}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::doc;

    use super::*;

    fn line(fields: &[&str]) -> String {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        let mut out = Vec::new();
        let document = doc! {"_id": 1, "name": "小明\n", "address": {"city": "A", "street": "B"}, "n": 2_i64};
        Lines::new(&fields).unwrap().write(document, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn all_fields_or_some_and_the_id() {
        assert_eq!(
            line(&[]),
            "{\"_id\":1,\"name\":\"小明\\n\",\"address\":{\"city\":\"A\",\"street\":\"B\"},\"n\":{\"$numberLong\":\"2\"}}\n"
        );
        assert_eq!(line(&["address.city"]), "{\"_id\":1,\"address\":{\"city\":\"A\"}}\n");
        assert_eq!(line(&["_id"]), "{\"_id\":1}\n");
    }
}
