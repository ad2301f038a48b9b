//! Settings after a change.

use sdk_plugin::contract::management::INVALID_PARAMETER;
use sdk_plugin::{Error, Result};

use crate::apps::Settings;
use crate::installed::Platform;
use crate::mask::{is_masked, mask};

/// How many settings an app can have.
const MAX_SETTINGS: usize = 64;
/// The longest setting, in bytes: a bundle of certificates takes a tenth of it.
const MAX_VALUE: usize = 64 << 10;
/// How long all settings of an app can be together, in bytes.
const MAX_TOTAL: usize = 256 << 10;
/// What private keys begin with in PEM (RFC 7468), of whichever kind.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";
/// The longest name that is shown: what is longer may be a key at a wrong place.
const MAX_SHOWN: usize = 24;

/// The old settings with a change: absent ones stay, and empty text removes one. White space around
/// values is of no account. What listings show in a secret's place leaves it as it is.
///
/// # Errors
/// `InvalidParameter`, which shows no value.
pub fn merge(platform: &Platform, old: &Settings, change: &Settings) -> Result<Settings> {
    let mut merged = old.clone();
    for (name, value) in change {
        let value = value.trim();
        if value.is_empty() && merged.remove(name).is_some() {
            continue;
        }
        let Some(setting) = platform.setting(name) else { return Err(unknown(platform, name)) };
        if is_masked(value) {
            if old.get(name).is_none_or(|old| mask(old) != value) {
                return Err(refuse(format!("{name} is what stands for another secret: leave it out to keep the one that is there")));
            }
            continue;
        }
        if value.len() > MAX_VALUE {
            return Err(refuse(format!("{name} is longer than {MAX_VALUE} bytes")));
        }
        // Listings would show it.
        if !setting.secret && value.contains(PRIVATE_KEY) {
            return Err(refuse(format!("{name} is to be public, and this is a private key")));
        }
        if value.contains('\0') {
            return Err(refuse(format!("{name} is no text")));
        }
        if !value.is_empty() {
            merged.insert(name.clone(), value.to_owned());
        }
    }
    if merged.len() > MAX_SETTINGS {
        return Err(refuse(format!("an app can have {MAX_SETTINGS} settings")));
    }
    if merged.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_TOTAL {
        return Err(refuse(format!("the settings are longer than {MAX_TOTAL} bytes together")));
    }
    Ok(merged)
}

/// A name as errors show it.
pub fn shown(name: &str) -> String {
    let plain = name.len() <= MAX_SHOWN && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { format!("`{name}`") } else { "that name".to_owned() }
}

fn unknown(platform: &Platform, name: &str) -> Error {
    let known: Vec<&str> = platform.settings.iter().map(|setting| setting.name.as_str()).collect();
    refuse(format!("there is no setting {}; an app of {} has {}", shown(name), platform.name, known.join(", ")))
}

fn refuse(message: String) -> Error {
    Error::new(INVALID_PARAMETER, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sdk_plugin::contract::cloudcall::Setting;

    use super::*;

    fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Settings {
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn platform(names: impl Iterator<Item = String>) -> Platform {
        let settings = names.map(|name| Setting { name, about: String::new(), secret: true }).collect();
        Platform { name: "p".into(), adapters: Vec::new(), settings, apis: Vec::new() }
    }

    fn two() -> Platform {
        platform(["key", "other"].into_iter().map(str::to_owned))
    }

    #[test]
    fn absent_settings_stay_and_empty_ones_go() {
        let old = settings([("key", "SECRET"), ("other", "x"), ("outdated", "y")]);
        let merged = merge(&two(), &old, &settings([("other", " \n"), ("outdated", "")])).unwrap();
        assert_eq!(merged, settings([("key", "SECRET")]));
        assert_eq!(merge(&two(), &merged, &settings([("key", "\tNEW\n"), ("other", "")])).unwrap(), settings([("key", "NEW")]));
    }

    #[test]
    fn what_listings_show_changes_nothing() {
        let old = settings([("key", "SECRET")]);
        assert_eq!(merge(&two(), &old, &settings([("key", &mask("SECRET"))])).unwrap(), old);
        for (name, value) in [("key", mask("ANOTHER")), ("other", mask("SECRET")), ("key", "••••".to_owned())] {
            let error = merge(&two(), &old, &settings([(name, &value)])).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn no_private_key_becomes_a_setting_that_is_shown() {
        let mut platform = two();
        platform.settings[1].secret = false;
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nSECRET";
        let error = merge(&platform, &Settings::new(), &settings([("other", pem)])).unwrap_err();
        assert!(error.message().starts_with("other is to be public") && !error.message().contains("SECRET"), "{error}");
        assert!(merge(&platform, &Settings::new(), &settings([("key", pem)])).is_ok());
    }

    #[test]
    fn what_is_unknown_or_too_much_is_refused_and_no_value_is_shown() {
        let long = "SECRET".repeat(MAX_VALUE);
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
        for (name, value, says) in [
            ("nokey", "SECRET", "`nokey`; an app of p has key, other"),
            (key, "SECRET", "that name;"),
            ("key", &long, "65536 bytes"),
            ("key", "SECRET\0", "no text"),
        ] {
            let error = merge(&two(), &Settings::new(), &settings([(name, value)])).unwrap_err();
            assert_eq!(error.code(), INVALID_PARAMETER);
            assert!(error.message().contains(says) && !format!("{error:?}").contains("SECRET"), "{error:?}");
            assert!(!error.message().contains(key));
        }
        let names = || (0..=MAX_SETTINGS).map(|n| format!("s{n}"));
        let many: Settings = names().map(|name| (name, "x".to_owned())).collect();
        assert!(merge(&platform(names()), &Settings::new(), &many).unwrap_err().message().contains("64 settings"));
        let large: Settings = names().take(5).map(|name| (name, "x".repeat(MAX_VALUE))).collect();
        assert!(merge(&platform(names()), &Settings::new(), &large).unwrap_err().message().contains("together"));
    }
}
