//! What the cells of a CSV file become. The file has no types, so the text decides:
//!
//! | text | value |
//! | --- | --- |
//! | empty | the field is absent |
//! | `true`, `false`, `null` | boolean, null |
//! | a whole number as JSON has it | int, or long; a text when it has more digits than a long |
//! | another number as JSON has it | double |
//! | exactly the form `2020-01-01T00:00:00.000Z` | date |
//! | a JSON object or array | what it says, Extended JSON included |
//! | all else, `007` and `+86 138…` for example | text |

use bson::Bson;
use mql::{iso, json};

use super::lines;

/// The value of a cell; none where it is empty.
///
/// # Errors
/// For JSON whose keys are not allowed.
pub fn read(text: &str) -> Result<Option<Bson>, String> {
    let Some(first) = text.bytes().next() else { return Ok(None) };
    let as_text = || Bson::String(text.to_owned());
    Ok(Some(match first {
        b'{' | b'[' => match lines::parse(text) {
            Ok(value) => value,
            Err(problem) if problem.is_json => return Err(problem.message),
            Err(_) => as_text(),
        },
        b'-' | b'0'..=b'9' => match iso::parse(text) {
            Some(date) => Bson::DateTime(bson::DateTime::from_millis(date)),
            None => number(text).unwrap_or_else(as_text),
        },
        _ => match text {
            "true" => Bson::Boolean(true),
            "false" => Bson::Boolean(false),
            "null" => Bson::Null,
            _ => as_text(),
        },
    }))
}

fn number(text: &str) -> Option<Bson> {
    // JSON may have spaces around it; a number in a cell has none.
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E')) {
        return None;
    }
    let value = json::value(text.as_bytes()).ok()?;
    let whole = text.bytes().all(|b| b == b'-' || b.is_ascii_digit());
    match value {
        // Numbers of orders and the like would lose digits.
        Bson::Double(_) if whole && text != "-0" => None,
        Bson::Double(n) if !n.is_finite() => None,
        value => Some(value),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::bson;
    use bson::oid::ObjectId;

    use super::*;

    #[test]
    fn the_text_decides() {
        let read = |text: &str| super::read(text).unwrap();
        assert_eq!(read(""), None);
        for (text, value) in [
            ("true", bson!(true)),
            ("null", Bson::Null),
            ("5", bson!(5)),
            ("-2147483649", bson!(-2_147_483_649_i64)),
            ("13800138000", bson!(13_800_138_000_i64)),
            ("0.5", bson!(0.5)),
            ("5.0", bson!(5.0)),
            ("1e3", bson!(1000.0)),
            ("2020-01-01T00:00:00.000Z", Bson::DateTime(bson::DateTime::from_millis(1_577_836_800_000))),
            ("{\"a.b\":[1]}", bson!({"a": {"b": [1]}})),
            ("[1,\"x\"]", bson!([1, "x"])),
            ("{\"$oid\":\"0123456789abcdef01234567\"}", Bson::ObjectId(ObjectId::parse_str("0123456789abcdef01234567").unwrap())),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        for text in [
            "True",
            "007",
            "+1",
            ".5",
            "5.",
            "1e999",
            "12345678901234567890",
            "2020-01-01",
            "NaN",
            "{hello}",
            "[",
            " 5",
            "5 ",
            "小明",
            "-",
            "0123456789abcdef01234567",
        ] {
            assert_eq!(read(text), Some(bson!(text)), "{text}");
        }
        assert!(super::read("{\"a\":1,\"a\":2}").unwrap_err().contains("twice"));
    }
}
