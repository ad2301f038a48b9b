//! Arguments that do not fit.

use super::desk::{CHANGES, Desk, code, needed};
use super::fixture::Fixture;
use crate::contract::cloudcall::Effect;
use crate::contract::cloudcall::codes::{FEATURE_NOT_SUPPORT, INVALID_JSON_OBJECT, INVALID_PARAM, NOT_FOUND_PARAM};

pub(super) async fn an_unknown_api<F: Fixture>(desk: Desk<F>) {
    for name in ["payment.common.nothing", "", "describe", "payment.common.create "] {
        let Some(api) = desk.description.apis.first() else { return };
        let mut request = desk.request(api, "k1", "1.00");
        request.api = name.to_owned();
        assert_eq!(code(desk.call(&request).await), FEATURE_NOT_SUPPORT, "there is no API `{name}`");
    }
    assert_eq!(desk.fixture.heard(), 0, "nobody was asked");
}

/// The service sees to it that what is required is there. An adapter that relies on it may leave the
/// refusal to the platform, but must not make up what is missing.
pub(super) async fn what_is_missing<F: Fixture>(desk: Desk<F>) {
    for effect in CHANGES.into_iter().chain([Effect::Query]) {
        for api in desk.apis(effect) {
            let Some(prepared) = desk.prepared(api).await else { continue };
            let before = desk.fixture.count(effect).done;
            for &(name, _) in needed(effect) {
                let mut request = prepared.clone();
                request.arguments.remove(name);
                let nothing = match desk.call(&request).await {
                    Ok(answer) => !answer.sub_code.is_empty(),
                    Err(error) => [NOT_FOUND_PARAM, INVALID_PARAM, INVALID_JSON_OBJECT].contains(&error.code()),
                };
                assert!(nothing, "{} without {name} says that nothing was done", api.name);
                assert_eq!(desk.fixture.count(effect).done, before, "{} without {name} does nothing", api.name);
            }
        }
    }
}
