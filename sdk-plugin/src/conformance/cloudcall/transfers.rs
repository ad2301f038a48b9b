//! Transfers.

use super::desk::{Desk, TOTAL, number, stands};
use super::fixture::Fixture;
use crate::contract::cloudcall::{Effect, State, Subject};

pub(super) async fn they_tell_of_themselves<F: Fixture>(desk: Desk<F>) {
    for (done, api) in desk.apis(Effect::Transfer).into_iter().enumerate() {
        let request = desk.request(api, &number(), TOTAL);
        let moved = desk.done(&request).await.known.unwrap_or_else(|| panic!("{} tells of its transfer", api.name));
        assert!(stands(moved.state) && ["", TOTAL].contains(&&*moved.amount), "{}: {moved:?}", api.name);
        let found = desk.find(Subject::Transfer, &request).await;
        assert!(stands(found.state) && ["", TOTAL].contains(&&*found.amount), "{}: {found:?}", api.name);
        assert_eq!(desk.fixture.count(Effect::Transfer).done, done + 1, "{} pays once", api.name);
    }
}

pub(super) async fn a_number_moves_money_once<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Transfer) {
        let before = desk.fixture.count(Effect::Transfer).done;
        let request = desk.request(api, &number(), TOTAL);
        for _ in 0..3 {
            let outcome = desk.call(&request).await;
            assert!(outcome.is_ok(), "{}: {outcome:?}", api.name);
        }
        assert_eq!(desk.fixture.count(Effect::Transfer).done, before + 1, "{}: the number is the adapter's to pass on", api.name);
        assert!(stands(desk.find(Subject::Transfer, &request).await.state));
    }
}

pub(super) async fn what_is_not_there<F: Fixture>(desk: Desk<F>) {
    for api in desk.apis(Effect::Transfer) {
        let found = desk.find(Subject::Transfer, &desk.request(api, &number(), TOTAL)).await;
        assert_eq!(found.state, State::Absent, "{}: {found:?}", api.name);
    }
}
