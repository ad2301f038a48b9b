use bson::Bson;

use super::{Decimal, Rounding};

fn decimal(text: &str) -> Decimal {
    Decimal::decode(text.parse().unwrap())
}

fn text(value: &Decimal) -> String {
    value.encode().to_string()
}

#[test]
fn encoding_survives() {
    for written in ["0", "-0", "1.10", "-7.50", "9.999999999999999999999999999999999E+6144", "1E-6176", "NaN", "Infinity", "-Infinity"] {
        let value: bson::Decimal128 = written.parse().unwrap();
        assert_eq!(Decimal::decode(value).encode().to_string(), written);
    }
}

/// Values from the General Decimal Arithmetic specification's examples, with 34 digits.
#[test]
fn arithmetic() {
    for (a, operator, b, expected) in [
        ("12", '+', "7.00", "19.00"),
        ("1E+2", '+', "1E+4", "1.01E+4"),
        ("1.3", '-', "1.07", "0.23"),
        ("1.3", '-', "1.30", "0.00"),
        ("9999999999999999999999999999999999", '+', "0.5", "1.000000000000000000000000000000000E+34"),
        ("1E+6111", '+', "1E-6176", "1.000000000000000000000000000000000E+6111"),
        ("1.20", '*', "3", "3.60"),
        ("0.9", '*', "-0.8", "-0.72"),
        ("1E+6000", '*', "1E+6000", "Infinity"),
        ("1E-6000", '*', "1E-6000", "0E-6176"),
        ("1", '/', "3", "0.3333333333333333333333333333333333"),
        ("2", '/', "3", "0.6666666666666666666666666666666667"),
        ("5", '/', "2", "2.5"),
        ("12", '/', "12", "1"),
        ("8.00", '/', "2", "4.00"),
        ("2.400", '/', "2.0", "1.20"),
        ("1000", '/', "100", "10"),
        ("2.40E+6", '/', "2", "1.20E+6"),
        ("1", '/', "0", "Infinity"),
        ("0", '/', "0", "NaN"),
        ("2.1", '%', "3", "2.1"),
        ("10", '%', "3", "1"),
        ("-10", '%', "3", "-1"),
        ("10.2", '%', "1", "0.2"),
        ("3.6", '%', "1.3", "1.0"),
        ("1E+6000", '%', "7", "1"),
        ("Infinity", '+', "-Infinity", "NaN"),
        ("Infinity", '*', "0", "NaN"),
        ("Infinity", '-', "1", "Infinity"),
    ] {
        let (x, y) = (decimal(a), decimal(b));
        let result = match operator {
            '+' => x.add(&y),
            '-' => x.subtract(&y),
            '*' => x.multiply(&y),
            '/' => x.divide(&y),
            _ => x.remainder(&y),
        };
        assert_eq!(text(&result), expected, "{a} {operator} {b}");
    }
}

#[test]
fn rounding() {
    use Rounding::{Down, HalfEven, TowardZero, Up};
    for (value, places, rounding, expected) in [
        ("2.5", 0, HalfEven, "2"),
        ("3.5", 0, HalfEven, "4"),
        ("-2.5", 0, HalfEven, "-2"),
        ("2.51", 0, HalfEven, "3"),
        ("1234.56", -2, HalfEven, "1.2E+3"),
        ("1234.56", -5, HalfEven, "0E+5"),
        ("7.8", 0, TowardZero, "7"),
        ("-7.8", 0, TowardZero, "-7"),
        ("-7.8", 0, Down, "-8"),
        ("-7.8", 0, Up, "-7"),
        ("0.01", 0, Up, "1"),
        ("0.01", 0, Down, "0"),
        ("1.5", 3, HalfEven, "1.500"),
    ] {
        assert_eq!(text(&decimal(value).to_places(places, rounding)), expected, "{value} to {places}");
    }
}

#[test]
fn other_numbers() {
    assert_eq!(text(&Decimal::of(&Bson::Double(0.1))), "0.100000000000000");
    assert_eq!(text(&Decimal::of(&Bson::Double(10.0))), "10.0000000000000");
    assert_eq!(text(&Decimal::of_double(0.1)), "0.1000000000000000055511151231257827");
    assert_eq!(text(&Decimal::of_double(0.5)), "0.5");
    assert_eq!(text(&Decimal::of_double(1e20)), "100000000000000000000");
    assert_eq!(decimal("1.25").to_double(), 1.25);
    assert_eq!(decimal("-9223372036854775808.9").to_long(), Some(i64::MIN));
    assert_eq!(decimal("9223372036854775808").to_long(), None);
    assert_eq!(decimal("1E+6000").to_long(), None);
    assert_eq!(decimal("0E+6000").to_long(), Some(0));
}
