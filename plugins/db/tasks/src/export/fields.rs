//! The names of the fields of an export.

use sdk_plugin::contract::management::{INVALID_PARAMETER, MISSING_PARAMETER};
use sdk_plugin::{Error, Result};

use crate::record::FileType;

/// The most fields that can be named.
const MAX: usize = 1000;

/// Reads the parameter `Fields`: dotted names with commas between them.
///
/// # Errors
/// `MissingParameter` where CSV has none, `InvalidParameter` for names that cannot be.
pub fn parse(text: &str, file_type: FileType) -> Result<Vec<String>> {
    let invalid = |message: String| Error::new(INVALID_PARAMETER, message);
    let mut fields: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name.split('.').any(|part| part.is_empty() || part.starts_with('$')) {
            return Err(invalid(format!("Fields: `{name}` is no name of a field such as `address.city`")));
        }
        if fields.iter().all(|known| known != name) {
            fields.push(name.to_owned());
        }
    }
    if fields.len() > MAX {
        return Err(invalid(format!("Fields: more than {MAX} fields are named")));
    }
    match file_type {
        FileType::Csv if fields.is_empty() => {
            Err(Error::new(MISSING_PARAMETER, "Fields is missing: an export to CSV needs the fields' names"))
        }
        FileType::Csv => Ok(fields),
        FileType::Json => super::json::projection(&fields).map(|_| fields),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_csv_needs_some() {
        assert_eq!(parse(" name, address.city ,name", FileType::Csv).unwrap(), ["name", "address.city"]);
        assert_eq!(parse("", FileType::Json).unwrap(), Vec::<String>::new());
        assert_eq!(parse(" ,", FileType::Csv).unwrap_err().code(), MISSING_PARAMETER);
        for bad in [".a", "a.", "a..b", "$a", "a.$b"] {
            assert_eq!(parse(bad, FileType::Csv).unwrap_err().code(), INVALID_PARAMETER, "{bad}");
        }
        assert_eq!(parse("a,a.b", FileType::Json).unwrap_err().code(), INVALID_PARAMETER, "one is a part of the other");
    }
}
