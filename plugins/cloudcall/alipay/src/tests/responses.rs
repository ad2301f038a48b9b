//! How responses are cut, against a slow way that is easy to see through.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

use crate::protocol::response::Response;

/// Cuts an object into its pairs by trying every end of every value.
fn slow(text: &str) -> Option<Vec<(String, &str)>> {
    serde_json::from_str::<Value>(text).ok().filter(Value::is_object)?;
    let mut rest = text.trim().strip_prefix('{')?;
    let mut pairs = Vec::new();
    while !rest.trim_start().starts_with('}') {
        let (name, after) = shortest(rest.trim_start(), ':')?;
        let (value, after) = shortest(after.trim_start().strip_prefix(':')?.trim_start(), ',')
            .or_else(|| shortest(after.trim_start().strip_prefix(':')?.trim_start(), '}'))?;
        pairs.push((serde_json::from_str(name).ok()?, value));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(pairs)
}

/// The shortest beginning that is JSON and goes on with a separator, and what comes after it.
fn shortest(text: &str, separator: char) -> Option<(&str, &str)> {
    let ends = (1..=text.len()).filter(|end| text.is_char_boundary(*end));
    ends.map(|end| text.split_at(end)).find(|(value, after)| {
        !value.ends_with(char::is_whitespace) && after.trim_start().starts_with(separator) && serde_json::from_str::<Value>(value).is_ok()
    })
}

/// What [`Response::read`] should give, by the slow way.
fn expected(text: &str) -> Option<(String, String)> {
    let pairs = slow(text)?;
    let twice = pairs.iter().enumerate().any(|(n, (name, _))| pairs.iter().skip(n + 1).any(|(other, _)| other == name));
    let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let node = find("a_b_response").or_else(|| find("error_response")).filter(|_| !twice)?;
    let sign = find("sign").map_or(Some(String::new()), |sign| serde_json::from_str(sign).ok())?;
    find("alipay_cert_sn").is_none_or(|serial| serial.starts_with('"')).then(|| (node.to_owned(), sign))
}

fn pick<'a>(random: &mut StdRng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

fn space(random: &mut StdRng) -> &'static str {
    pick(random, &["", "", "", " ", "\n", "\t ", "\r\n"])
}

fn string(random: &mut StdRng) -> String {
    let pieces = ["a", "\\\"", "\\\\", "\\/", "/", "{", "}", "[", "]", ",", ":", "中", "\\u4e2d", "😀", "sign", "'", " ", "\\n"];
    let inside: String = (0..random.random_range(0..8)).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
    format!("\"{inside}\"")
}

fn value(random: &mut StdRng, depth: u32) -> String {
    match random.random_range(0..if depth > 2 { 3 } else { 5 }) {
        0 => string(random),
        1 => pick(random, &["0", "-1.5e3", "12", "true", "null", "false"]).to_owned(),
        2 => pick(random, &["{}", "[]", "\"\"", "{ }"]).to_owned(),
        3 => {
            let items: Vec<String> =
                (0..random.random_range(1..4)).map(|_| format!("{}{}", space(random), value(random, depth + 1))).collect();
            format!("[{}{}]", items.join(","), space(random))
        }
        _ => {
            let fields: Vec<String> = (0..random.random_range(1..4))
                .map(|_| format!("{}{}:{}", string(random), space(random), value(random, depth + 1)))
                .collect();
            format!("{{{}{}}}", space(random), fields.join(","))
        }
    }
}

fn response(random: &mut StdRng) -> String {
    let names = ["\"a_b_response\"", "\"error_response\"", "\"sign\"", "\"alipay_cert_sn\"", "\"a_b_respons\\u0065\"", "\"x\"", "\"a_b\""];
    let pairs: Vec<String> = (0..random.random_range(0..5))
        .map(|_| {
            let name = pick(random, &names).to_owned();
            let value = if name.starts_with("\"s") && random.random() { string(random) } else { value(random, 0) };
            format!("{}{name}{}:{}{value}{}", space(random), space(random), space(random), space(random))
        })
        .collect();
    let mut text = format!("{}{{{}}}{}", space(random), pairs.join(","), space(random));
    // Some are broken.
    if random.random_range(0..5) == 0 && !text.is_empty() {
        let at = (0..text.len()).filter(|at| text.is_char_boundary(*at)).nth(random.random_range(0..text.chars().count())).unwrap();
        if random.random() {
            text.remove(at);
        } else {
            text.insert(at, ['"', '\\', '}', '{', ','][random.random_range(0..5)]);
        }
    }
    text
}

#[test]
fn the_cut_is_the_same_as_by_the_slow_way() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut some, mut none) = (0, 0);
    for _ in 0..5_000 {
        let text = response(&mut random);
        let cut = Response::read(&text, "a.b").map(|response| (response.node.to_owned(), response.sign));
        assert_eq!(cut, expected(&text), "{text}");
        if cut.is_some() { some += 1 } else { none += 1 }
    }
    assert!(some > 500 && none > 500, "{some} {none}");
}

#[test]
fn nodes_are_kept_as_they_came() {
    let cut = |text| Response::read(text, "a.b").map(|response| (response.node, response.error, response.sign));
    let some = |node, error, sign: &str| Some((node, error, sign.to_owned()));
    assert_eq!(cut(r#"{"a_b_response":{"x":"\/ }\"{", "y" : 1} ,"sign":"S\/="}"#), some(r#"{"x":"\/ }\"{", "y" : 1}"#, false, "S/="));
    assert_eq!(cut(r#"{"sign":"S","a_b_response":"AA\/="}"#), some(r#""AA\/=""#, false, "S"), "with its quotes");
    assert_eq!(cut(r#"{"error_response":{"code":"40002"}}"#), some(r#"{"code":"40002"}"#, true, ""));
    assert_eq!(cut(r#"{"error_response":{},"a_b_response":{"x":1}}"#), some(r#"{"x":1}"#, false, ""), "the method's own first");
    for text in [
        r#"{"a_b_response":{},"a_b_response":{}}"#,
        r#"{"a_b_response":{},"a_b_respons\u0065":{}}"#,
        r#"{"a_b_response":{},"sign":"A","sign":"B"}"#,
        r#"{"a_b_response":{},"sign":1}"#,
        r#"{"c_d_response":{}}"#,
        r#"{"a_b_response":{}}x"#,
        r#"{"a_b_response":{}"#,
        "[]",
        "",
    ] {
        assert!(cut(text).is_none(), "{text}");
    }
    let deep = format!(r#"{{"a_b_response":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let _ = Response::read(&deep, "a.b");
}
