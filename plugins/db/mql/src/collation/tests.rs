use std::cmp::Ordering::{Equal, Greater, Less};

use bson::{Bson, bson, doc};

use super::Collation;

fn collation(options: bson::Document) -> Collation {
    Collation::parse(&options).unwrap()
}

#[track_caller]
fn check(collation: &Collation, a: &str, b: &str, expected: std::cmp::Ordering) {
    let (x, y) = (Bson::String(a.to_owned()), Bson::String(b.to_owned()));
    assert_eq!(collation.compare(&x, &y), expected, "{a} and {b}");
    assert_eq!(collation.compare(&y, &x), expected.reverse(), "{b} and {a}");
    assert_eq!(collation.key(a).cmp(&collation.key(b)), expected, "keys of {a} and {b}");
}

#[test]
fn strengths() {
    let one = collation(doc! {"locale": "en", "strength": 1});
    let two = collation(doc! {"locale": "en", "strength": 2});
    let three = collation(doc! {"locale": "en"});
    for (a, b, at) in [("role", "Role", [Equal, Equal, Less]), ("role", "rôle", [Equal, Less, Less]), ("Role", "rôle", [Equal, Less, Less])]
    {
        for (collation, expected) in [&one, &two, &three].into_iter().zip(at) {
            check(collation, a, b, expected);
        }
    }
    check(&three, "a", "B", Less);
    check(&three, "ab", "a", Greater);
    check(&three, "résumé", "resumes", Less);
    check(&three, "e\u{301}", "é", Equal);
    check(&three, "æ", "af", Less);
    check(&one, "straße", "STRASSE", Equal);
    check(&three, "", "a", Less);
    check(&Collation::simple(), "B", "a", Less);
}

#[test]
fn punctuation_digits_letters() {
    let en = collation(doc! {"locale": "en"});
    let ordered = [" ", "_", "-", ",", "!", "@", "#", "+", "$", "0", "9", "a", "A", "b", "z", "Z", "б", "中"];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            check(&en, a, b, i.cmp(&j));
        }
    }
    let shifted = collation(doc! {"locale": "en", "alternate": "shifted"});
    check(&shifted, "a b-c", "abc", Equal);
    let spaces = collation(doc! {"locale": "en", "alternate": "shifted", "maxVariable": "space"});
    check(&spaces, "a b", "ab", Equal);
    check(&spaces, "a-b", "ab", Less);
}

#[test]
fn numbers_and_case() {
    let numeric = collation(doc! {"locale": "en", "numericOrdering": true});
    check(&numeric, "a2", "a10", Less);
    check(&numeric, "a2b", "a2a", Greater);
    check(&numeric, "a002", "a2", Equal);
    check(&numeric, "0", "00", Equal);
    check(&collation(doc! {"locale": "en"}), "a2", "a10", Greater);
    check(&collation(doc! {"locale": "en", "caseFirst": "upper"}), "A", "a", Less);
    let level = collation(doc! {"locale": "en", "strength": 1, "caseLevel": true});
    check(&level, "a", "A", Less);
    check(&level, "a", "á", Equal);
}

#[test]
fn chinese_by_pinyin() {
    let zh = collation(doc! {"locale": "zh"});
    check(&zh, "北京", "上海", Less);
    check(&zh, "安", "北", Less);
    check(&zh, "西安", "咸", Less);
    check(&zh, "张三", "李四", Greater);
    check(&zh, "北", "a", Less);
    check(&zh, "1", "北", Less);
    check(&collation(doc! {"locale": "en"}), "北", "a", Greater);
}

#[test]
fn other_values_and_nested_strings() {
    let one = collation(doc! {"locale": "en", "strength": 1});
    assert!(one.equal(&bson!(["A", {"x": "É"}]), &bson!(["a", {"x": "e"}])));
    assert!(!one.equal(&bson!({"A": 1}), &bson!({"a": 1})));
    assert!(one.equal(&bson!(1), &bson!(1.0)));
    assert_eq!(one.compare(&bson!(5), &bson!("a")), Less);
}

#[test]
fn what_is_refused() {
    for (options, message) in [
        (doc! {"strength": 1}, "'collation.locale' is missing"),
        (doc! {"locale": "xx"}, "Field 'locale' is invalid"),
        (doc! {"locale": "en", "strength": 6}, "Enumeration value '6' for field 'collation.strength' is not a valid value."),
        (doc! {"locale": "en", "caseFirst": "x"}, "'x' for field 'collation.caseFirst'"),
        (doc! {"locale": "en", "other": 1}, "unknown field"),
        (doc! {"locale": "simple", "strength": 1}, "no other fields"),
        (doc! {"locale": 1}, "wrong type"),
    ] {
        let error = Collation::parse(&options).unwrap_err();
        assert!(error.message().contains(message), "{error}");
    }
    assert!(collation(doc! {}).is_simple());
    assert!(collation(doc! {"locale": "simple"}).is_simple());
}
