//! Settings that can be used, and those that cannot.

use std::collections::BTreeMap;

use super::desk::{CHANGES, Desk, number, subject};
use super::fixture::Fixture;
use crate::codes::CONFIG;
use crate::contract::cloudcall::{Delivery, Effect};
use crate::contract::platforms::App;

pub(super) async fn good_ones_are_accepted<F: Fixture>(desk: Desk<F>) {
    let accepted = desk.check(&desk.fixture.app()).await;
    assert!(
        accepted.as_ref().is_ok_and(|answer| answer.as_object().is_some_and(serde_json::Map::is_empty)),
        "{{}} is answered: {accepted:?}"
    );
    assert_eq!(desk.fixture.heard(), 0, "it asks nobody");
}

/// Apps with one setting that is missing.
fn incomplete<F: Fixture>(desk: &Desk<F>) -> Vec<(&'static str, App)> {
    let mut apps = Vec::new();
    for name in desk.fixture.needed() {
        let (mut without, mut empty) = (desk.fixture.app(), desk.fixture.app());
        assert!(without.settings.remove(name).is_some(), "the app has {name}");
        empty.settings.insert(name.to_owned(), String::new());
        apps.extend([(name, without), (name, empty)]);
    }
    apps
}

/// Apps with one setting that cannot be used.
fn broken<F: Fixture>(desk: &Desk<F>) -> Vec<(&'static str, App)> {
    let with = |(name, value): (&'static str, &str)| {
        let mut app = desk.fixture.app();
        app.settings.insert(name.to_owned(), value.to_owned());
        (name, app)
    };
    desk.fixture.unusable().into_iter().map(with).collect()
}

async fn named<F: Fixture>(desk: &Desk<F>, apps: Vec<(&'static str, App)>) {
    for (name, app) in apps {
        match desk.check(&app).await {
            Ok(answer) => panic!("{name} should have been refused: {answer}"),
            Err(error) => assert!(error.code() == CONFIG && error.message().contains(name), "{CONFIG} that names {name}: {error:?}"),
        }
    }
    assert_eq!(desk.fixture.heard(), 0, "it asks nobody");
}

pub(super) async fn what_is_missing_is_named<F: Fixture>(desk: Desk<F>) {
    assert!(!desk.fixture.needed().is_empty(), "some setting is needed");
    named(&desk, incomplete(&desk)).await;
}

pub(super) async fn what_cannot_be_used_is_named<F: Fixture>(desk: Desk<F>) {
    named(&desk, broken(&desk)).await;
}

pub(super) async fn nothing_is_done_with_bad_ones<F: Fixture>(desk: Desk<F>) {
    for (name, app) in incomplete(&desk).into_iter().chain(broken(&desk)) {
        for effect in CHANGES.into_iter().chain([Effect::Query]) {
            for api in desk.apis(effect) {
                let mut request = desk.request(api, &number(), "1.00");
                if effect == Effect::Refund {
                    request.arguments.insert("outRequestNo".into(), number().into());
                }
                request.app = app.clone();
                let outcome = desk.call(&request).await;
                assert!(outcome.as_ref().is_err_and(|error| error.code() == CONFIG), "{} without a good {name}: {outcome:?}", api.name);
                let found = desk.try_find(subject(effect), &request).await;
                assert!(found.is_err(), "nothing is found without a good {name}: {found:?}");
            }
        }
        let delivery = Delivery { app, headers: BTreeMap::new(), body: String::new() };
        let received = desk.receive(&delivery).await;
        assert!(!received.as_ref().is_ok_and(|received| received.notice.is_some()), "{received:?}");
    }
    assert_eq!(desk.fixture.heard(), 0, "nobody was asked");
}
