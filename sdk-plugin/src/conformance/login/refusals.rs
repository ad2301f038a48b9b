//! Who is not signed in, and why.

use super::desk::{Desk, code};
use super::fixture::{Fixture, Verdict};
use crate::codes::{CONFIG, UNAVAILABLE};
use crate::contract::login::REFUSED;
use crate::contract::platforms::APP_NOT_FOUND;

pub(super) async fn codes_that_the_platform_does_not_take<F: Fixture>(desk: Desk<F>) {
    for verdict in [Verdict::Used, Verdict::Unknown] {
        assert_eq!(code(desk.login(verdict).await), REFUSED, "{verdict:?}");
    }
    assert!(desk.login(Verdict::User(true)).await.is_ok(), "a good one is taken after them");
    let app = desk.fixture.apps().app().app_id;
    assert!(desk.login_to(&app, "").await.is_err(), "no code is for nobody");
}

pub(super) async fn apps_that_the_platform_does_not_take<F: Fixture>(desk: Desk<F>) {
    let known = desk.fixture.apps().app();
    desk.fixture.apps().put(desk.fixture.stranger());
    assert_eq!(code(desk.login(Verdict::User(true)).await), CONFIG, "another code would not help");
    for name in
        desk.fixture.stranger().settings.keys().filter(|name| desk.fixture.stranger().settings.get(*name) != known.settings.get(*name))
    {
        desk.fixture.apps().put(known.clone());
        desk.fixture.apps().put(desk.without(name));
        assert_eq!(code(desk.login(Verdict::User(true)).await), CONFIG, "without {name}");
    }
    desk.fixture.apps().put(known);
    assert!(desk.login(Verdict::User(true)).await.is_ok(), "it is asked anew");
}

pub(super) async fn apps_that_are_not_there<F: Fixture>(desk: Desk<F>) {
    let good = desk.fixture.code(Verdict::User(true));
    assert_eq!(code(desk.login_to("of nobody", &good).await), APP_NOT_FOUND);
}

pub(super) async fn a_platform_that_is_away<F: Fixture>(desk: Desk<F>) {
    let error = match desk.login(Verdict::Away).await {
        Ok(identity) => panic!("nobody can be {}", identity.o_auth_user_id),
        Err(error) => error,
    };
    assert!(error.code() == UNAVAILABLE && error.is_retryable(), "it may be tried again: {error:?}");
    assert!(desk.login(Verdict::User(true)).await.is_ok(), "it is back");
}
