//! Abbreviations of time zones in texts.

/// Hours east of UTC. Of an abbreviation with several meanings, the one that date libraries
/// commonly take.
const HOURS: &[(&str, f64)] = &[
    ("UTC", 0.0),
    ("GMT", 0.0),
    ("UCT", 0.0),
    ("WET", 0.0),
    ("WEST", 1.0),
    ("BST", 1.0),
    ("CET", 1.0),
    ("MET", 1.0),
    ("CEST", 2.0),
    ("MEST", 2.0),
    ("EET", 2.0),
    ("SAST", 2.0),
    ("EEST", 3.0),
    ("MSK", 3.0),
    ("MSD", 4.0),
    ("PKT", 5.0),
    ("IST", 2.0),
    ("WIB", 7.0),
    ("AWST", 8.0),
    ("HKT", 8.0),
    ("JST", 9.0),
    ("KST", 9.0),
    ("ACST", 9.5),
    ("ACDT", 10.5),
    ("AEST", 10.0),
    ("AEDT", 11.0),
    ("NZST", 12.0),
    ("NZDT", 13.0),
    ("NST", -3.5),
    ("NDT", -2.5),
    ("AST", -4.0),
    ("ADT", -3.0),
    ("EST", -5.0),
    ("EDT", -4.0),
    ("CST", -6.0),
    ("CDT", -5.0),
    ("MST", -7.0),
    ("MDT", -6.0),
    ("PST", -8.0),
    ("PDT", -7.0),
    ("AKST", -9.0),
    ("AKDT", -8.0),
    ("HST", -10.0),
];

/// The seconds east of UTC that an abbreviation in any case, or a letter of military time, means.
pub(super) fn offset(name: &str) -> Option<i64> {
    let upper = name.to_ascii_uppercase();
    if let Some((_, hours)) = HOURS.iter().find(|(known, _)| *known == upper) {
        return Some((hours * 3600.0) as i64);
    }
    let hours = match upper.as_bytes() {
        [letter @ b'A'..=b'I'] => i64::from(letter - b'A') + 1,
        [letter @ b'K'..=b'M'] => i64::from(letter - b'K') + 10,
        [letter @ b'N'..=b'Y'] => -i64::from(letter - b'N') - 1,
        b"Z" => 0,
        _ => return None,
    };
    Some(hours * 3600)
}
