//! JSON objects opened one level deep. What lies deeper keeps the text that it was sent as, so
//! that no number loses digits and no order of fields changes.

use std::borrow::Cow;
use std::fmt;

use sdk_plugin::{Error, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of an object: names, and values as JSON text. No name is there twice, so that
/// nobody who reads the object again finds another value.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(Vec<(String, Cow<'a, str>)>);

struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'a> Object<'a> {
    /// Opens an object; `what` it is called in messages.
    ///
    /// # Errors
    /// `InvalidParams.Format` when the text is no object, or a name is there twice.
    pub fn open(what: &str, text: &'a str) -> Result<Self> {
        Ok(Self(Self::fields(what, text)?.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect()))
    }

    /// The fields of an object.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn fields(what: &str, text: &'a str) -> Result<Vec<(String, &'a str)>> {
        if !is_object(text) {
            return Err(Error::invalid_params(format!("{what} must be an object")));
        }
        let Fields(fields) = serde_json::from_str(text).map_err(|e| Error::invalid_params(format!("{what}: {e}")))?;
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find_map(|pair| match pair {
            [first, second] if first == second => Some(*first),
            _ => None,
        }) {
            return Err(Error::invalid_params(format!("{what} has `{twice}` twice")));
        }
        Ok(fields.into_iter().map(|(name, value)| (name, value.get())).collect())
    }

    /// The text of a value. `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value).filter(|value| *value != "null")
    }

    /// The value of a field, when it is a text.
    pub fn string(&self, name: &str) -> Option<String> {
        string(self.get(name)?)
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Keeps the fields whose names pass.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Sets a value, given as JSON text.
    pub fn set(&mut self, name: &str, value: impl Into<Cow<'a, str>>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.to_owned(), value.into())),
        }
    }
}

/// The object as JSON text.
impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}:{value}", quoted(name))?;
        }
        f.write_str("}")
    }
}

/// Whether JSON text is an object.
pub fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The items of an array, as JSON text; none when the text is no array.
pub fn items(text: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The text that JSON text stands for, when it is one.
pub fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Values as a JSON array.
pub fn array<T: AsRef<str>>(values: &[T]) -> String {
    let mut text = String::from("[");
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(value.as_ref());
    }
    text.push(']');
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text_and_order() {
        let mut object = Object::open("x", r#"{"z":1.10, "a" : {"b":[1 ,2]},"\u0061b":null,"n":12345678901234567890}"#).unwrap();
        assert_eq!(object.get("a"), Some(r#"{"b":[1 ,2]}"#));
        assert_eq!(object.get("ab"), None);
        object.set("a", "[]");
        object.set("new", "\"\\u0041\"");
        object.retain(|name| name != "ab");
        assert_eq!(object.to_string(), r#"{"z":1.10,"a":[],"n":12345678901234567890,"new":"\u0041"}"#);
        assert_eq!(object.string("new").as_deref(), Some("A"));
    }

    #[test]
    fn a_name_is_there_once_however_it_is_written() {
        for text in [r#"{"a":1,"b":2,"a":3}"#, r#"{"auth":1,"\u0061uth":2}"#] {
            assert!(Object::open("x", text).unwrap_err().message().contains("twice"));
        }
        for text in ["[]", "1", "\"{}\"", "null", "{", "{\"a\":}"] {
            assert!(Object::open("x", text).is_err(), "{text}");
        }
    }

    #[test]
    fn arrays() {
        assert_eq!(items(r#"[1, {"a":[2]},"x"]"#).unwrap(), ["1", r#"{"a":[2]}"#, "\"x\""]);
        assert!(items("{}").is_none());
        assert_eq!(array(&["1", "{}"]), "[1,{}]");
        assert_eq!(array::<&str>(&[]), "[]");
    }
}
