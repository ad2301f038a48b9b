//! The OpenDAL services that are compiled in.

use std::collections::BTreeMap;

use opendal::{Configurator, Operator, services};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// A service that the TOML file can name.
pub struct Service {
    /// The name.
    pub scheme: &'static str,
    /// Whether it is reached by HTTP.
    pub remote: bool,
    options: fn() -> &'static [&'static str],
    open: fn(BTreeMap<String, String>) -> opendal::Result<Operator>,
}

/// What a service of OpenDAL must have to be here: it replaces objects as a whole, takes them in
/// parts, and names are all that paths are to it.
const SERVICES: &[Service] = &[
    local::<services::FsConfig>("fs"),
    local::<services::FsConfig>("file"),
    local::<services::MemoryConfig>("memory"),
    remote::<services::S3Config>("s3"),
    remote::<services::OssConfig>("oss"),
    remote::<services::CosConfig>("cos"),
    remote::<services::ObsConfig>("obs"),
    remote::<services::TosConfig>("tos"),
    remote::<services::B2Config>("b2"),
];

const fn local<C: Configurator>(scheme: &'static str) -> Service {
    Service { scheme, remote: false, options: known::<C>, open: open::<C> }
}

const fn remote<C: Configurator>(scheme: &'static str) -> Service {
    Service { scheme, remote: true, options: known::<C>, open: open::<C> }
}

impl Service {
    /// The service of a name.
    pub fn find(scheme: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.scheme == scheme)
    }

    /// The names of all services.
    pub fn schemes() -> impl Iterator<Item = &'static str> {
        SERVICES.iter().map(|service| service.scheme)
    }

    /// The names of its options, as OpenDAL's configuration has them.
    pub fn options(&self) -> &'static [&'static str] {
        (self.options)()
    }

    /// Opens it. Blocks, as `fs` makes its folders here.
    pub fn open(&self, options: BTreeMap<String, String>) -> opendal::Result<Operator> {
        (self.open)(options)
    }
}

fn open<C: Configurator>(options: BTreeMap<String, String>) -> opendal::Result<Operator> {
    Operator::from_config(C::from_iter(options)?)
}

fn known<C: Configurator>() -> &'static [&'static str] {
    let mut fields = Fields(&[]);
    // It fails always; before that it has said what it wants.
    let _ = <C as Deserialize>::deserialize(&mut fields);
    fields.0
}

/// Hears which fields a type asks for, and gives none.
struct Fields(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Fields {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("there are no values"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_opendal_with_their_other_names() {
        let s3 = Service::find("s3").unwrap().options();
        for name in ["root", "bucket", "endpoint", "region", "access_key_id", "aws_access_key_id", "secret_access_key"] {
            assert!(s3.contains(&name), "{name}");
        }
        assert_eq!(Service::find("fs").unwrap().options().first(), Some(&"root"));
        for scheme in Service::schemes() {
            assert!(Service::find(scheme).unwrap().options().contains(&"root"), "{scheme}");
        }
    }

    #[test]
    fn every_service_can_do_what_the_contract_asks_for() {
        for service in SERVICES.iter().filter(|service| service.remote) {
            let options = [
                ("bucket", "b"),
                ("bucket_id", "b"),
                ("endpoint", "https://store.example.com"),
                ("region", "r"),
                ("application_key_id", "k"),
                ("application_key", "s"),
            ];
            let known = options.into_iter().filter(|(name, _)| service.options().contains(name));
            let operator = service.open(known.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()).unwrap();
            crate::store::check_capability(&operator).unwrap();
        }
    }
}
