//! Who a code is for.

use super::desk::Desk;
use super::fixture::{Fixture, Verdict};
use crate::contract::login::Identity;

async fn signed_in<F: Fixture>(desk: &Desk<F>, verdict: Verdict) -> Identity {
    desk.login(verdict).await.unwrap_or_else(|error| panic!("a code for a user: {error:?}"))
}

pub(super) async fn a_user_stays_the_same<F: Fixture>(desk: Desk<F>) {
    let one = signed_in(&desk, Verdict::User(true)).await;
    assert!(!one.o_auth_user_id.is_empty() && one.ids.values().all(|id| !id.is_empty()), "{} {:?}", one.o_auth_user_id, one.ids);
    let again = signed_in(&desk, Verdict::User(true)).await;
    assert_eq!((&again.o_auth_user_id, &again.ids), (&one.o_auth_user_id, &one.ids), "another code, and the same user");
}

pub(super) async fn users_are_apart<F: Fixture>(desk: Desk<F>) {
    let one = signed_in(&desk, Verdict::User(true)).await;
    let other = signed_in(&desk, Verdict::User(false)).await;
    assert_ne!(one.o_auth_user_id, other.o_auth_user_id, "a user of the space is derived from it");
}

pub(super) async fn the_only_app_need_not_be_named<F: Fixture>(desk: Desk<F>) {
    let named = signed_in(&desk, Verdict::User(true)).await;
    let code = desk.fixture.code(Verdict::User(true));
    let unnamed = desk.login_to("", &code).await.unwrap_or_else(|error| panic!("the only app of the platform: {error:?}"));
    assert_eq!(unnamed.o_auth_user_id, named.o_auth_user_id);
}
