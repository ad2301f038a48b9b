//! What an adapter says of itself.

use std::collections::BTreeSet;

use super::desk::{Desk, needed};
use super::fixture::Fixture;

pub(super) async fn names_are_unique<F: Fixture>(desk: Desk<F>) {
    assert_eq!(desk.description.platform, desk.fixture.app().platform, "the platform is that of its apps");
    let mut names = BTreeSet::new();
    for api in &desk.description.apis {
        assert!(names.insert(&api.name), "{} is there twice", api.name);
        let parts: Vec<&str> = api.name.split('.').collect();
        let word =
            |part: &&str| part.starts_with(|c: char| c.is_ascii_lowercase()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(parts.len() > 1 && parts.iter().all(word), "{}: it is called as cloud.{}()", api.name, api.name);
        let mut params = BTreeSet::new();
        for param in &api.params {
            assert!(params.insert(&param.name), "{}: {} is there twice", api.name, param.name);
            assert!(!param.name.contains('_') && !param.name.is_empty(), "{}: {} is in camelCase", api.name, param.name);
        }
    }
}

pub(super) async fn effects_have_their_arguments<F: Fixture>(desk: Desk<F>) {
    for api in &desk.description.apis {
        for &(name, kind) in needed(api.effect) {
            let param = api.params.iter().find(|param| param.name == name);
            let fits = param.is_some_and(|param| param.kind == kind && param.required);
            assert!(fits, "{}: {:?} needs {name}, which is {kind:?}: {param:?}", api.name, api.effect);
        }
    }
}

pub(super) async fn settings_are_explained<F: Fixture>(desk: Desk<F>) {
    let mut names = BTreeSet::new();
    for setting in &desk.description.settings {
        assert!(names.insert(setting.name.as_str()), "{} is there twice", setting.name);
        assert!(!setting.name.is_empty() && !setting.about.trim().is_empty(), "{setting:?} says what it is");
    }
    let seller = desk.description.seller.as_str();
    assert!(seller.is_empty() || names.contains(seller), "the seller is a setting: {seller}");
    let app = desk.fixture.app();
    let used = app.settings.keys().map(String::as_str).chain(desk.fixture.needed());
    for name in used.chain(desk.fixture.unusable().into_iter().map(|(name, _)| name)) {
        assert!(names.contains(name), "{name} is used, and no setting");
    }
    assert!(desk.description.settings.iter().any(|setting| setting.secret), "something is secret between an app and its platform");
}

pub(super) async fn it_stays_the_same<F: Fixture>(desk: Desk<F>) {
    let heard = desk.fixture.heard();
    let again = Desk::open(desk.fixture.clone()).await.description;
    assert_eq!(serde_json::to_value(&again).ok(), serde_json::to_value(&desk.description).ok());
    assert_eq!(desk.fixture.heard(), heard, "it asks nobody");
}
